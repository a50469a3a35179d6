/** The life of the server: load, start, reload, drain, stop. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { TlsOptions } from 'node:tls'
import type { Corefile } from '../corefile/tree.ts'
import type { Listener } from '../dns/query.ts'
import type { LogFormat, Logger } from '../log.ts'
import { Metrics } from '../metrics.ts'
import type { HttpHandler, Plugin, Server } from '../plugin.ts'
import { RequestMetrics, type ZoneRequests } from '../request-metrics.ts'
import { type Observer, respond } from '../server.ts'
import type { ConnectUdp } from '../transport/transport.ts'
import { chooseUdp, type Udp, type UdpMode } from '../transport/udp-mode.ts'
import { InFlight } from './chain.ts'
import { configure } from './configuration.ts'
import { Generation } from './generation.ts'
import { Listeners, type OpenPlace } from './listeners.ts'
import { SidePorts } from './side-ports.ts'

/** Queries that may wait for others, in the whole process. */
const MAX_IN_FLIGHT = 10_000
/** How long queries of a stopped generation may go on, in milliseconds. */
const GRACE = 5000
/** How long its plugins may then take to let go. */
const LAST = 1000

export interface Settings {
  readonly version: string
  readonly plugins: readonly Plugin[]
  /** Port of labels that name none. */
  readonly port: number
  readonly log: Logger
  readonly logFormat: LogFormat
  /** How datagrams are read; `auto` when nothing is said. */
  readonly udp?: UdpMode
  /** Reads and parses the Corefile as it is now. @throws {Problem} */
  readCorefile(): Corefile
}

export class DnsServer implements Server {
  readonly version: string
  readonly logFormat: LogFormat
  readonly metrics = new Metrics()
  draining = false
  readonly #settings: Settings
  readonly #waiting = { count: 0 }
  readonly #sidePorts = new SidePorts()
  readonly #listeners: Listeners
  readonly #open = new Map<string, OpenPlace>()
  #udpChoice: Promise<Udp> | undefined
  #generation: Generation | undefined
  /** The replacement under way, and the one that is to follow it. */
  #replacing: Promise<void> = Promise.resolve()
  #reload: Promise<void> | undefined

  constructor(settings: Settings) {
    this.#settings = settings
    this.version = settings.version
    this.logFormat = settings.logFormat
    const observer: Observer = {
      dropped: (site, ...request) => this.#dropped(site).countMessage(...request),
      refused: (query, reply) => this.#dropped(query.listener).count(query, reply, 0),
      failed: error => settings.log.error(`a reply could not be written: ${describe(error)}`),
    }
    this.#listeners = new Listeners(
      (message, client, transport, site) => respond(message, client, transport, site, observer),
      () => this.#udp(),
    )
  }

  get configuration(): string {
    return this.#generation?.hash ?? ''
  }

  /** Where each zone listens and its chain, with the ports that are really open. */
  get zones(): { zone: string; address: string; port: number; chain: readonly string[] }[] {
    return (this.#generation?.describe() ?? []).map(({ zone, place, chain, label }) => ({
      zone,
      address: place.address,
      port: this.#open.get(label)?.port ?? place.port,
      chain,
    }))
  }

  /** @throws {Problem} the Corefile; or what kept a plugin or a listener from starting */
  start(): Promise<void> {
    return this.#replaceNow()
  }

  readConfiguration(): string {
    return this.#settings.readCorefile().hash
  }

  /** One reload at a time. Who asks while one is under way waits for another, since the file may have changed after it was read. */
  reload(): Promise<void> {
    this.#reload ??= this.#replacing.then(() => {
      this.#reload = undefined
      if (this.draining) throw new Error('the server is shutting down')
      return this.#replaceNow()
    })
    return this.#reload
  }

  #replaceNow(): Promise<void> {
    const replacing = this.#replace()
    this.#replacing = replacing.catch(() => {})
    return replacing
  }

  serve(address: string, path: string, handler: HttpHandler, tls?: TlsOptions): Promise<() => Promise<void>> {
    return this.#sidePorts.serve(address, path, handler, tls)
  }

  async udp(): Promise<ConnectUdp> {
    return (await this.#udp()).connect
  }

  #udp(): Promise<Udp> {
    const { udp = 'auto', log } = this.#settings
    this.#udpChoice ??= chooseUdp(udp, reason => log.info(`datagrams are read one by one: ${reason}`))
    return this.#udpChoice
  }

  unready(word: string): { plugin: string; reason: string }[] {
    return this.#generation?.unready(word) ?? [{ plugin: word, reason: 'starting' }]
  }

  /** Drains and stops: answers on while plugins ask for it, then what has arrived, then lets go. */
  async shutdown(): Promise<void> {
    this.draining = true
    await this.#generation?.drain()
    await close(this.#open.values())
    if (this.#generation) await within(LAST, this.#generation.stop())
  }

  /** Checks the Corefile, imports and every plugin's options included, and opens nothing. @throws {Problem} */
  validate(): void {
    this.#load()
  }

  /** The Corefile as it is now, with every plugin made but not started. */
  #load(): Generation {
    const { plugins, port, log, readCorefile } = this.#settings
    const corefile = readCorefile()
    for (const warning of corefile.warnings) log.warn(warning)
    return new Generation(corefile.hash, configure(corefile, plugins, port), {
      server: this,
      log,
      inFlight: new InFlight(this.#waiting, MAX_IN_FLIGHT, () => this.#refusals.value++),
      onThrow: (plugin, error, stacktrace) => this.#recovered(plugin, error, stacktrace),
    })
  }

  /** Starts the Corefile as it is now, whole, and only then puts it in the place of the one that runs. */
  async #replace(): Promise<void> {
    const next = this.#load()
    const previous = this.#generation
    if (previous) next.adopt(previous)
    await next.start()
    const opened = await this.#openPlaces(next)
    for (const [label, place] of opened) this.#open.set(label, place)
    this.#generation = next
    const unused: OpenPlace[] = []
    const wanted = next.places
    for (const [label, place] of this.#open) {
      if (wanted.has(label)) place.zones = next.zonesAt(label)
      else {
        this.#open.delete(label)
        unused.push(place)
      }
    }
    next.serving(this.#open)
    if (previous) await retire(previous, unused)
  }

  /** Opens what `next` wants and is not open yet. Where one fails, those are closed again, `next` is stopped, and the failure is thrown. */
  async #openPlaces(next: Generation): Promise<Map<string, OpenPlace>> {
    const opened = new Map<string, OpenPlace>()
    try {
      for (const [label, place] of next.places) {
        if (!this.#open.has(label)) opened.set(label, await this.#listeners.open(place, next.zonesAt(label)))
      }
      return opened
    } catch (error) {
      await close(opened.values())
      await next.stop()
      throw error
    }
  }

  readonly #requestMetrics = new RequestMetrics(this.metrics)
  readonly #droppedAt = new WeakMap<Listener, ZoneRequests>()

  #dropped(site: Listener): ZoneRequests {
    const known = this.#droppedAt.get(site)
    if (known) return known
    const requests = this.#requestMetrics.dropped(site.label)
    this.#droppedAt.set(site, requests)
    return requests
  }

  readonly #refusals = this.metrics
    .counter('coredns_inflight_rejects_total', 'Queries refused because too many were waiting.')
    .with({})
  readonly #panics = this.metrics.counter('coredns_panics_total', 'Errors thrown inside plugins and recovered.').with({})

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

/** Closes places, with time for what they owe. */
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
