import type { Random } from '../random.ts'
import type { KubeObject } from './objects.ts'

/** What can be done to a cluster. */
interface Changeable {
  put(...objects: readonly KubeObject[]): unknown
  delete(...objects: readonly KubeObject[]): unknown
}

/** Creates, replaces and deletes objects, one after the other. */
export class Changes {
  readonly #random: Random
  readonly #api: Changeable
  readonly #make: readonly (() => KubeObject)[]
  readonly #held = new Map<string, KubeObject>()

  constructor(random: Random, api: Changeable, make: readonly (() => KubeObject)[]) {
    this.#random = random
    this.#api = api
    this.#make = make
  }

  async next(): Promise<void> {
    const [random, held] = [this.#random, this.#held]
    if (held.size > 0 && random.is(0.25)) {
      const [key, object] = random.one(...held)
      held.delete(key)
      await this.#api.delete(object)
      return
    }
    const object = random.one(...this.#make)()
    const key = `${object.kind} ${object.metadata!.namespace} ${object.metadata!.name}`
    try {
      await this.#api.put(object)
    } catch {
      // Not everything of an object may be changed.
      await this.#api.delete(held.get(key)!)
      await this.#api.put(object)
    }
    held.set(key, object)
  }
}
