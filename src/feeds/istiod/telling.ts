import type { Change } from '../report.ts'
import type { View } from './view.ts'

/**
 * Reports the changes of a view. When another view takes over, the records of the old one are removed only after all of the new one have been
 * reported: there is no moment with less.
 */
export class Telling {
  #view: View | undefined
  /** Takes over as soon as it is complete. */
  #next: View | undefined
  /** Ids that the view has told. */
  #told = new Set<string>()
  /** Ids of the view before, which are to be taken back. */
  #obsolete = new Set<string>()

  /** The stream that is up fills this view. */
  set source(view: View) {
    this.#next = view
    if (this.#told.size === 0) this.#takeOver(view)
  }

  /** Whether all of the mesh has been told. */
  get complete(): boolean {
    return this.#view !== undefined && this.waiting === undefined && !this.changed
  }

  /** What is not known yet; undefined when everything is. */
  get waiting(): string | undefined {
    return this.#view ? this.#view.waiting : 'no stream yet'
  }

  get changed(): boolean {
    return this.#isDue() || (this.#view?.changed ?? false) || this.#obsolete.size > 0
  }

  take(most: number): Change[] {
    if (this.#isDue()) this.#takeOver(this.#next!)
    const changes = this.#view?.changed ? this.#view.take(most) : []
    for (const [id, record] of changes) {
      if (record) this.#told.add(id)
      else this.#told.delete(id)
    }
    if (this.#view?.changed) return changes
    for (const id of this.#obsolete) {
      if (changes.length >= most) break
      this.#obsolete.delete(id)
      if (!this.#told.has(id)) changes.push([id, undefined])
    }
    return changes
  }

  #isDue(): boolean {
    return this.#next !== this.#view && this.#next?.waiting === undefined
  }

  #takeOver(view: View): void {
    this.#view = view
    for (const id of this.#told) this.#obsolete.add(id)
    this.#told = new Set()
  }
}
