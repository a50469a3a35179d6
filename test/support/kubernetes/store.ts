import { type KubeObject, listPath } from './objects.ts'

export interface Change {
  readonly version: number
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  /** Of the list that the object belongs to. */
  readonly path: string
  readonly object: KubeObject
  readonly previous: KubeObject | undefined
}

/** What a fake API server holds: objects, each with the version of its last change, and every change. */
export class Store {
  /** The version of the newest change. */
  version = 1000
  /** Changes up to this version are forgotten. */
  compacted = 0
  readonly changes: Change[] = []
  readonly #objects = new Map<string, Map<string, KubeObject>>()
  readonly #listeners = new Set<(change: Change) => void>()

  /** The objects of a list, as they were at this version. */
  list(path: string, version = this.version): KubeObject[] {
    const objects = new Map<string, KubeObject>()
    for (const change of this.changes) {
      if (change.path !== path || change.version > version) continue
      if (change.type === 'DELETED') objects.delete(keyOf(change.object))
      else objects.set(keyOf(change.object), change.object)
    }
    return [...objects.values()]
  }

  put(object: KubeObject): KubeObject {
    const path = listPath(object)
    const objects = this.#objects.get(path) ?? new Map<string, KubeObject>()
    this.#objects.set(path, objects)
    const previous = objects.get(keyOf(object))
    const held = this.#versioned(object)
    objects.set(keyOf(object), held)
    this.#changed({ version: this.version, type: previous ? 'MODIFIED' : 'ADDED', path, object: held, previous })
    return held
  }

  delete(object: KubeObject): void {
    const path = listPath(object)
    const previous = this.#objects.get(path)?.get(keyOf(object))
    if (!previous) return
    this.#objects.get(path)!.delete(keyOf(object))
    this.#changed({ version: this.version + 1, type: 'DELETED', path, object: this.#versioned(previous), previous })
  }

  /** Calls `listener` with every change from now on, until the function that is returned is called. */
  listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #versioned(object: KubeObject): KubeObject {
    return { ...object, metadata: { ...object.metadata!, resourceVersion: `${++this.version}` } }
  }

  #changed(change: Change): void {
    this.changes.push(change)
    for (const listener of this.#listeners) listener(change)
  }
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata?.namespace ?? ''}/${metadata?.name}`
