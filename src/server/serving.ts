/** What one thread does to answer queries: load, start, open, serve, drain, stop. */
import { setImmediate as immediately, setTimeout as sleep } from 'node:timers/promises'
import type { Corefile } from '../corefile/tree.ts'
import type { Listener } from '../dns/query.ts'
import type { Logger } from '../log.ts'
import type { PluginLoader, Server, Unready } from '../plugin.ts'
import { RequestMetrics, type ZoneRequests } from '../request-metrics.ts'
import { type Observer, responder } from '../server.ts'
import { isAdded, type Snapshot, snapshot } from '../snapshot.ts'
import type { ConnectUdp } from '../transport/transport.ts'
import { chooseUdp, type Udp, type UdpMode } from '../transport/udp-mode.ts'
import { InFlight } from './chain.ts'
import { configure } from './configuration.ts'
import { Generation } from './generation.ts'
import { collide, Listeners, type OpenPlace, type Place } from './listeners.ts'
import { exportLosses } from './losses.ts'
import type { Ports, Thread } from './thread.ts'

/** Queries that may wait for others, in the whole process. */
const MAX_IN_FLIGHT = 10_000
/** The pool that Node cuts small buffers from, in octets. One of 64 kB would survive two young collections, and then be freed with the whole heap only. */
Buffer.poolSize = 16 << 10
/** How long queries of a stopped generation may go on, in milliseconds. */
const GRACE = 5000
/** How long its plugins may then take to stop, in milliseconds. */
const LAST = 1000

export interface ServingSettings {
  /** In the order of the chain. */
  readonly plugins: readonly PluginLoader[]
  /** Port of labels that name none. */
  readonly port: number
  readonly log: Logger
  /** How datagrams are read; `auto` by default. */
  readonly udp?: UdpMode
}

export class Serving implements Thread {
  readonly #server: Server
  /** 0 for the main thread. */
  readonly #index: number
  readonly #settings: ServingSettings
  readonly #waiting = { count: 0, limit: MAX_IN_FLIGHT }
  readonly #listeners: Listeners
  readonly #open = new Map<string, OpenPlace>()
  #generation: Generation | undefined
  /** The generation that is about to replace it, as soon as it is made, and the places opened for that one. */
  #next: Promise<Generation> | undefined
  #opened = new Map<string, OpenPlace>()
  #threads = 1
  #udpChoice: Promise<Udp> | undefined
  readonly #requestMetrics: RequestMetrics
  /** What counts messages that no chain sees, by listener. */
  readonly #droppedAt = new WeakMap<Listener, ZoneRequests>()
  readonly #refusals: { value: number }
  readonly #panics: { value: number }

  constructor(server: Server, index: number, settings: ServingSettings) {
    this.#server = server
    this.#index = index
    this.#settings = settings
    const requests = server.metrics
      .counter('coredns_serving_thread_requests_total', 'Requests by the thread that read them.')
      .with({ thread: String(index) })
    const observer: Observer = {
      dropped: (site, ...request) => this.#dropped(site).countMessage(...request),
      refused: (query, reply) => this.#dropped(query.listener).count(query, reply, 0),
      failed: error => settings.log.error(`a reply could not be written: ${describe(error)}`),
    }
    const respond = responder(observer)
    this.#listeners = new Listeners(
      (message, client, transport, site, received) => {
        requests.value++
        return respond(message, client, transport, site, received)
      },
      () => this.#udp(),
    )
    exportLosses(server.metrics, () => this.#open.values(), this.#listeners.connections)
    this.#requestMetrics = new RequestMetrics(server.metrics)
    this.#refusals = server.metrics
      .counter('coredns_inflight_rejects_total', 'Queries refused because too many were waiting.')
      .with({})
    this.#panics = server.metrics.counter('coredns_panics_total', 'Errors thrown inside plugins and recovered.').with({})
  }

  async udp(): Promise<ConnectUdp> {
    return (await this.#udp()).connect
  }

  #udp(): Promise<Udp> {
    const { udp = 'auto', log } = this.#settings
    this.#udpChoice ??= chooseUdp(udp, reason => log.info(`datagrams are read one by one: ${reason}`))
    return this.#udpChoice
  }

  /** SHA-512 of the Corefile that runs, in hex; empty before there is one. */
  get configuration(): string {
    return this.#generation?.hash ?? ''
  }

  /** Where each zone listens and its chain, with the ports that are really open. */
  get zones(): { zone: string; address: string; port: number; chain: readonly string[] }[] {
    return (this.#generation?.describe() ?? []).map(({ zone, place, chain, label }) => ({
      zone: place.scheme === 'dns' ? zone : `${place.scheme}://${zone}`,
      address: place.address,
      port: this.#open.get(label)?.port ?? place.port,
      chain,
    }))
  }

  /** Every plugin of the Corefile is made, and nothing opened. @throws {Problem} */
  load(corefile: Corefile): Promise<Generation> {
    this.#next = this.#make(corefile)
    return this.#next
  }

  async #make(corefile: Corefile): Promise<Generation> {
    const { plugins, port, log } = this.#settings
    return new Generation(corefile.hash, await configure(corefile, plugins, port), {
      server: this.#server,
      log,
      inFlight: new InFlight(this.#waiting, () => this.#refusals.value++),
      onThrow: (plugin, error, stacktrace) => this.#recovered(plugin, error, stacktrace),
    })
  }

  async start(corefile: Corefile, threads: number): Promise<void> {
    const next = await (this.#next ?? this.load(corefile))
    this.#threads = threads
    if (this.#generation) next.adopt(this.#generation)
    const started = next.start()
    // Plugins send their requests first; this is done while they wait. If it fails, opening a listener fails with the reason.
    immediately()
      .then(() => this.#udp())
      .catch(() => {})
    await started
  }

  async open(ports: Ports): Promise<Ports> {
    const next = (await this.#next)!
    const wanted = this.#placesOf(next)
    for (const [label, place] of wanted) {
      const open = this.#open.get(label)
      // What is not wanted any more closes when the reload can fail no more.
      const [leaving] = [...this.#open].find(([other, held]) => !wanted.has(other) && collide(held, place)) ?? []
      if (leaving !== undefined)
        throw new Error(`${label} cannot be opened before ${leaving} is closed, which takes a restart of the server`)
      if (!open) this.#opened.set(label, await this.#listeners.open(place, next.zonesAt(label), ports.get(label)))
      else if ((open.sockets === undefined) !== (place.sockets === undefined))
        throw new Error(`${label} is open: whether threads share it can only change with a restart of the server`)
    }
    return new Map(Array.from([...this.#open, ...this.#opened], ([label, { port }]) => [label, port]))
  }

  async commit(): Promise<void> {
    const next = (await this.#next)!
    const previous = this.#generation
    for (const [label, place] of this.#opened) this.#open.set(label, place)
    this.#opened = new Map()
    this.#generation = next
    this.#next = undefined
    this.#waiting.limit = Math.ceil(MAX_IN_FLIGHT / this.#threads)
    this.#listeners.share(this.#threads)
    const unused: OpenPlace[] = []
    const wanted = this.#placesOf(next)
    for (const [label, place] of this.#open) {
      const still = wanted.get(label)
      if (still) {
        place.zones = next.zonesAt(label)
        place.change(still)
      } else {
        this.#open.delete(label)
        unused.push(place)
      }
    }
    next.serving(this.#open)
    if (previous) await retire(previous, unused)
  }

  async abort(): Promise<void> {
    const opened = this.#opened
    const next = this.#next
    this.#opened = new Map()
    this.#next = undefined
    await close(opened.values())
    const made = await next?.catch(() => undefined)
    await made?.stop()
  }

  async drain(): Promise<void> {
    await this.#generation?.drain()
  }

  async stop(): Promise<void> {
    await close(this.#open.values())
    if (this.#generation) await within(LAST, Promise.all([this.abort(), this.#generation.stop()]))
  }

  async unready(word: string): Promise<Unready[]> {
    return this.#generation?.unready(word) ?? [{ plugin: word, reason: 'starting' }]
  }

  collect(): Promise<Snapshot[]> {
    return snapshot(this.#server.metrics, metric => this.#index === 0 || isAdded(metric))
  }

  /** The places that have a socket of this thread. */
  #placesOf(generation: Generation): Map<string, Place> {
    return new Map([...generation.places].filter(([, { sockets }]) => this.#index < (sockets ?? 1)))
  }

  #dropped(site: Listener): ZoneRequests {
    const known = this.#droppedAt.get(site)
    if (known) return known
    const requests = this.#requestMetrics.dropped(site.label)
    this.#droppedAt.set(site, requests)
    return requests
  }

  #recovered(plugin: string, error: unknown, stacktrace: boolean): void {
    this.#panics.value++
    const stack = stacktrace && error instanceof Error ? error.stack : describe(error)
    this.#settings.log.error(`Recovered from panic in server: plugin/${plugin}: ${stack}`)
  }
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Waits for `work`, but no longer than `milliseconds`. */
const within = (milliseconds: number, work: Promise<unknown>): Promise<unknown> =>
  Promise.race([work, sleep(milliseconds, undefined, { ref: false })])

/** Closes places, with time for the replies that they still owe. */
async function close(places: Iterable<OpenPlace>): Promise<void> {
  await within(GRACE, Promise.all(Array.from(places, place => place.close())))
}

/** Lets the queries of a replaced generation finish, then stops it. */
async function retire(previous: Generation, unused: readonly OpenPlace[]): Promise<void> {
  await close(unused)
  const deadline = performance.now() + GRACE
  while (previous.waiting > 0 && performance.now() < deadline) await sleep(10)
  await within(LAST, previous.stop())
}
