import type { Feed, Subscriber } from '#src/feeds/feed.ts'
import type { Logger } from '#src/plugin.ts'
import type { HostRecord, MeshRecord } from '#src/registry/record.ts'

/**
 * The cluster that this process runs in, if it is a source beside others that know it as well. Its endpoints from the others count
 * until its own source is complete; from then on no more, since its own source is the first to know of changes.
 */
export class OwnCluster {
  readonly #feed: Feed | undefined

  constructor(feeds: readonly Feed[]) {
    this.#feed = feeds.find(({ source }) => source.own)
  }

  /** What counts of a record. */
  reduce(record: MeshRecord | undefined): MeshRecord | undefined {
    if (!this.#feed?.complete || !hasOwn(record)) return record
    return { ...record, groups: record.groups.filter(({ own }) => !own) }
  }

  /** Tells `subscriber` the records of `feed` again when less of them counts. @param signal of the end */
  async retell(feed: Feed, subscriber: Subscriber, log: Logger, signal: AbortSignal): Promise<void> {
    const { apart, name } = feed.source
    if (!this.#feed || apart === undefined) return
    await this.#feed.completed
    if (signal.aborted) return
    await feed.subscribe(subscriber)
    await feed.completed
    if (signal.aborted) return
    const records = [...feed.records.values()]
    if (records.some(record => record.kind !== 'Client' && record.groups.length > 0) && !records.some(hasOwn))
      log.warn(
        `${name} knows no endpoint in cluster ${apart}, which ${this.#feed.source.name} tells of: cluster_id must be what istiod calls it`,
      )
  }
}

const hasOwn = (record: MeshRecord | undefined): record is HostRecord =>
  record !== undefined && record.kind !== 'Client' && record.groups.some(({ own }) => own)
