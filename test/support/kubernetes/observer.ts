import type { Listener } from '#src/feeds/kubernetes/held.ts'
import type { ClusterObject } from '#src/feeds/kubernetes/objects.ts'
import { until } from '#test/support/waiting.ts'

/** What a listener of a cluster has been told. */
export class Observer implements Listener {
  readonly objects = new Map<string, ClusterObject>()
  /** Every change so far: `+ID`, `~ID` and `-ID`. */
  readonly history: string[] = []
  /** When changes came about, by id, as far as they said so. */
  readonly triggers = new Map<string, number>()
  #changed = Promise.withResolvers<void>()

  change(id: string, object: ClusterObject | undefined, previous: ClusterObject | undefined, trigger: number | undefined): void {
    this.history.push(`${object ? (previous ? '~' : '+') : '-'}${id}`)
    if (object) this.objects.set(id, object)
    else this.objects.delete(id)
    if (trigger !== undefined) this.triggers.set(id, trigger)
  }

  flush(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  /** Fulfilled when what has been told is like this. */
  async until(matches: (observer: this) => boolean): Promise<void> {
    await until(
      () => matches(this),
      () => this.#changed.promise,
    )
  }

  /** Fulfilled when the object under this id is there and like this. */
  async untilObject(id: string, matches: (object: ClusterObject) => boolean): Promise<ClusterObject> {
    await this.until(({ objects }) => objects.has(id) && matches(objects.get(id)!))
    return this.objects.get(id)!
  }
}
