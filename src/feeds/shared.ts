import { EventEmitter, once } from 'node:events'

interface Held<T> {
  readonly opening: Promise<T>
  thing: T | undefined
  users: number
}

/** Shared things: one for each key, however many users it has. */
export class Shared<T> {
  readonly #held = new Map<string, Held<T>>()
  /** Emits the key of each thing that is opened. */
  readonly #openings = new EventEmitter().setMaxListeners(0)

  /** One user more; the first one opens it. Where that fails, it does for all who wait, and the next one tries again. */
  async open(key: string, make: () => Promise<T>): Promise<T> {
    const held = this.#held.get(key) ?? { opening: make(), thing: undefined, users: 0 }
    this.#held.set(key, held)
    this.#openings.emit(key)
    held.users++
    try {
      held.thing = await held.opening
      return held.thing
    } catch (error) {
      if (this.#held.get(key) === held) this.#held.delete(key)
      throw error
    }
  }

  /** One user more of what somebody has opened, or as soon as that is. Rejects when aborted before. */
  async join(key: string, signal: AbortSignal): Promise<T> {
    if (!this.#held.has(key)) await once(this.#openings, key, { signal })
    return this.open(key, () => Promise.reject(new Error(`${key} is not open`)))
  }

  /** One user fewer. @returns whether it was the last */
  leave(thing: T): boolean {
    for (const [key, held] of this.#held) {
      if (held.thing !== thing || --held.users > 0) continue
      return this.#held.delete(key)
    }
    return false
  }

  /** All that are in use. */
  get all(): T[] {
    return Array.from(this.#held.values(), ({ thing }) => thing).filter(thing => thing !== undefined)
  }
}
