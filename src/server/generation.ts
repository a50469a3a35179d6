/** One loaded Corefile, from its start to its stop. A reload starts the next one before it stops this one. */
import { toKey } from '../dns/name.ts'
import type { Listener, Query } from '../dns/query.ts'
import type { Logger } from '../log.ts'
import type { Handler, Server, Unready } from '../plugin.ts'
import { Block, placed } from './block.ts'
import { Certificates } from './certificates.ts'
import { fold, type InFlight, type Stage } from './chain.ts'
import type { Configuration } from './configuration.ts'
import { type Place, placeLabel } from './listeners.ts'
import { doubts, refuseContradictions, type Use } from './uses.ts'
import { Zones } from './zones.ts'

export class Generation {
  /** SHA-512 of the Corefile, in hex. */
  readonly hash: string
  readonly #configurations: readonly Configuration[]
  readonly #blocks: readonly Block[]
  readonly #certificates = new Certificates()
  readonly #server: Server
  readonly #inFlight: InFlight
  readonly #onThrow: (plugin: string, error: unknown, stacktrace: boolean) => void
  /** Folded once for each block, however many places serve it. */
  readonly #handlers = new Map<Block, Handler | undefined>()
  /** Blocks that take the place of what is ready. */
  readonly #successors = new Set<Block>()
  readonly #stopping = new AbortController()
  /** Fulfilled when no plugin is starting. */
  #started: Promise<unknown> = Promise.resolve()
  #stopped: Promise<void> | undefined

  /** @throws {Problem} two blocks claim the same zone at the same place; or whatever a plugin's `create` throws */
  constructor(
    hash: string,
    configurations: readonly Configuration[],
    {
      server,
      log,
      inFlight,
      onThrow,
    }: {
      server: Server
      log: Logger
      inFlight: InFlight
      onThrow: (plugin: string, error: unknown, stacktrace: boolean) => void
    },
  ) {
    this.hash = hash
    this.#server = server
    this.#inFlight = inFlight
    this.#onThrow = onThrow
    this.#configurations = configurations
    this.#blocks = configurations.map(configuration => new Block(configuration, server, this.#certificates, log))
    refuseContradictions(this.describe(), this.places)
  }

  get #stages(): Stage[] {
    return this.#blocks.flatMap(block => block.stages)
  }

  /**
   * Every place that some block listens on, by label. Of blocks that share a place, the first sets the number of sockets; limits and the
   * reader of proxy headers come from the last block that sets them, as in CoreDNS.
   */
  get places(): Map<string, Place> {
    const places = new Map<string, Place>()
    for (const { place, label } of this.describe()) {
      const first = places.get(label) ?? place
      places.set(label, {
        ...first,
        limits: { ...first.limits, ...place.limits },
        connections: first.connections ?? place.connections,
        headers: place.headers ?? first.headers,
      })
    }
    return places
  }

  /** Sentences about what was ignored, or is probably not meant; each once, however many server blocks have a reason for it. */
  get warnings(): string[] {
    const ofBlocks = this.#configurations.flatMap(({ warnings }) => warnings)
    return [...new Set([...ofBlocks, ...doubts(this.describe(), this.places)])]
  }

  /** How many threads are to answer queries. */
  get threads(): number {
    return Math.max(1, ...Array.from(this.places.values(), ({ sockets }) => sockets ?? 1))
  }

  /** What the place with this label serves. */
  zonesAt(label: string): Zones {
    const zones = new Zones()
    const blocks = this.#blocks.map(block => ({ block, here: block.zonesAt(label) })).filter(({ here }) => here.length > 0)
    const secrets = blocks.flatMap(({ block }) => [...(block.keys?.secrets ?? [])])
    for (const { block, here } of blocks) {
      const keys = block.keys && { zones: block.keys.zones, secrets: new Map([...secrets, ...block.keys.secrets]) }
      const handler = this.#handler(block)
      zones.otherClasses ||= block.otherClasses
      zones.updates ||= block.updates
      const take = (message: Query) => block.take(message)
      const { view } = block
      for (const zone of here) zones.add({ key: toKey(zone), name: zone, handler, take, keys, view, next: undefined })
    }
    return zones
  }

  #handler(block: Block): Handler | undefined {
    if (!this.#handlers.has(block)) {
      this.#handlers.set(
        block,
        fold(block.stages, this.#inFlight, (plugin, error) => this.#onThrow(plugin, error, block.debug || block.stacktrace)),
      )
    }
    return this.#handlers.get(block)
  }

  /** For each zone of each block: its place, the label in the Corefile, its view and its chain. */
  describe(): Use[] {
    return this.#blocks.flatMap(({ places, view, chain }) =>
      places.map(use => ({ ...use, label: placeLabel(use.place), view, chain })),
    )
  }

  /**
   * Lets every plugin take over from the same plugin of the block with the same identity. If several blocks have one identity, nothing is
   * taken over: it may belong to other clients.
   */
  adopt(previous: Generation): void {
    const isReady = (blocks: readonly Block[]) => blocks.every(({ awaited }) => !awaited)
    for (const block of this.#blocks) {
      const alike = (blocks: readonly Block[]) => blocks.filter(({ identity }) => identity === block.identity)
      const before = alike(previous.#blocks)
      if (isReady(before.length > 0 ? before : previous.#blocks)) this.#successors.add(block)
      if (before.length > 1 || alike(this.#blocks).length > 1) continue
      for (const { name, instance } of block.stages) {
        const held = before[0]?.instance(name)
        if (held) instance.adopt?.(held)
      }
    }
  }

  /** Starts every plugin. As soon as one fails, or if one would not be ready in the place of what is, all are stopped, and the error is thrown. */
  async start(): Promise<void> {
    const { signal } = this.#stopping
    const starts = this.#stages.map(({ word, instance }) =>
      instance.start?.(signal).catch(error => {
        throw placed(word, error)
      }),
    )
    this.#started = Promise.allSettled(starts)
    try {
      await Promise.all(starts)
      this.#refuseUnready()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Tells every plugin that its block is being served. @param open by label */
  serving(open: ReadonlyMap<string, Listener>): void {
    for (const block of this.#blocks) {
      const listeners = block.listeners.flatMap(label => {
        const listener = open.get(label)
        return listener ? [{ ...listener, served: block.zonesAt(label) }] : []
      })
      for (const { instance } of block.stages) instance.serving?.(listeners)
    }
    if (this.#server.control) this.#certificates.watch(this.#server.control)
  }

  /** What is not ready in the blocks that use `word`. */
  unready(word: string): Unready[] {
    return this.#blocks.filter(block => block.chain.includes(word)).flatMap(({ unready }) => unready)
  }

  async drain(): Promise<void> {
    await Promise.all(this.#stages.map(({ instance }) => instance.drain?.()))
  }

  /** Queries that wait in this generation's plugins. */
  get waiting(): number {
    return this.#inFlight.count
  }

  /** Plugins that are still starting are aborted, and waited for. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    this.#stopping.abort()
    this.#certificates.stop()
    await this.#started
    await Promise.allSettled(this.#stages.map(({ instance }) => instance.stop?.()))
  }

  /** Names that are known would be unknown for a while, and all replicas unready at once. */
  #refuseUnready(): void {
    for (const { awaited } of this.#successors)
      if (awaited) throw placed(awaited.word, new Error(`not ready: ${awaited.reason}; what was configured before stays`))
  }
}
