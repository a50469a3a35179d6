import { isIPv6 } from 'node:net'
import type { Metrics } from '#src/metrics.ts'
import type { Exchange } from './exchange.ts'
import { HealthCheck, type HealthSettings } from './health.ts'
import { UpstreamMetrics } from './metrics.ts'
import type { CreatePools, Pool } from './pool.ts'

/** How often what is idle or silent is looked for, in milliseconds. */
const SWEEP = 250
/** How long an upstream that does without EDNS is asked without, in milliseconds: long enough that hardly a question is asked twice. */
const WITHOUT_EDNS = 300_000
/** How long an upstream that is not health-checked is avoided after it failed, in milliseconds. */
const AVOID = 1000

/** Everything that makes one upstream what it is: where two are equal, a reload takes over the sockets. Times in milliseconds. */
export interface UpstreamSettings {
  readonly scheme: 'dns' | 'tls' | 'https'
  /** An IP address. */
  readonly address: string
  readonly port: number
  /** The name that its certificate must have; empty for its address. */
  readonly serverName: string
  /** Address to send from. */
  readonly source: string | undefined
  /** How long a socket stays open without a query. */
  readonly expire: number
  /** How long a connection takes queries; 0 for any time. */
  readonly maxAge: number
  /** How long a connection that owes replies may be silent. */
  readonly readTimeout: number
  /** Bound on the sockets of each kind; 0 for the defaults. */
  readonly maxIdle: number
  /** Failed checks in a row that are not yet too many; 0 for no checks. */
  readonly maxFails: number
  readonly health: HealthSettings
  /** Health checks go over TCP. */
  readonly forceTcp: boolean
  readonly dohMethod: 'POST' | 'GET'
}

/** One server to ask: its sockets, and what is known of its health. Several lines may hold it, and the Corefiles before and after a reload. */
export class Upstream {
  /** `address:port`, as metrics and errors name it. */
  readonly to: string
  readonly address: string
  readonly port: number
  readonly scheme: UpstreamSettings['scheme']
  readonly #maxFails: number
  readonly #metrics: UpstreamMetrics
  readonly #health: HealthCheck
  readonly #datagrams: Pool | undefined
  readonly #streams: Pool
  #sweeper: NodeJS.Timeout | undefined
  #holders = 0
  /** Failed health checks in a row. */
  #fails = 0
  /** When it replied last, and until when others are to be preferred. */
  #heardAt = 0
  #avoidUntil = 0
  /** Until when it is asked without EDNS. */
  #ednsFrom = 0

  constructor(settings: UpstreamSettings, createPools: CreatePools, metrics: Metrics) {
    const { scheme, address, port, maxFails, forceTcp } = settings
    this.scheme = scheme
    this.address = address
    this.port = port
    this.to = isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`
    this.#maxFails = maxFails
    this.#metrics = new UpstreamMetrics(metrics, this.to)
    const { datagrams, streams } = createPools(settings, this.to, this.#metrics)
    this.#datagrams = datagrams
    this.#streams = streams
    this.#health = new HealthCheck(settings.health, {
      ask: exchange => this.ask(exchange, forceTcp),
      isWell: () => this.#isWell(performance.now()),
      isSilent: () => {
        this.#fails++
        this.#metrics.healthFailures.value++
      },
    })
  }

  /** It takes no datagrams. */
  get isStream(): boolean {
    return this.#datagrams === undefined
  }

  /** Puts a question. Failures are told to the exchange, never thrown. */
  ask(exchange: Exchange, overStream: boolean): void {
    this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP)
    const pool = overStream || !this.#datagrams ? this.#streams : this.#datagrams
    try {
      pool.ask(exchange)
    } catch (error) {
      exchange.failed(error as Error)
    }
  }

  /** More health checks failed than are allowed. */
  get isDown(): boolean {
    return this.#maxFails > 0 && this.#fails > this.#maxFails
  }

  /** Whether others should be asked before it. */
  isAvoided(now: number): boolean {
    return now < this.#avoidUntil
  }

  /** How it is, for people. */
  condition(now: number): string {
    if (this.isDown) return `is down: ${this.#fails} health checks in a row have failed`
    if (this.isAvoided(now)) return 'has just failed: others are asked first'
    return this.#heardAt === 0 ? 'has not replied yet' : `replied ${((now - this.#heardAt) / 1000).toFixed(1)} s ago`
  }

  /** Whether it may be asked with EDNS. */
  takesEdns(now: number): boolean {
    return now >= this.#ednsFrom
  }

  /** It answered a question only when it came without EDNS. */
  lacksEdns(now: number): void {
    this.#ednsFrom = now + WITHOUT_EDNS
  }

  /** It replied, after so many milliseconds. */
  heard(rcode: number, milliseconds: number, now: number): void {
    this.#isWell(now)
    this.#metrics.observe(rcode, milliseconds / 1000)
  }

  #isWell(now: number): void {
    this.#heardAt = now
    this.#fails = 0
    this.#avoidUntil = 0
  }

  /** A question that was put at `since` waits too long. Who has answered others meanwhile is well. */
  silent(since: number): void {
    if (this.#heardAt < since) this.broken()
  }

  /** It could not be asked. */
  broken(): void {
    const checked = this.#maxFails > 0
    this.#avoidUntil = checked ? Number.POSITIVE_INFINITY : performance.now() + AVOID
    if (checked) this.#health.start()
  }

  hold(): void {
    this.#holders++
  }

  /** The last holder closes it; nobody waits for it any more. */
  release(): void {
    if (--this.#holders > 0) return
    this.#health.stop()
    clearInterval(this.#sweeper)
    this.#datagrams?.close()
    this.#streams.close()
  }

  #sweep(): void {
    const now = performance.now()
    const datagramsLeft = this.#datagrams?.sweep(now) ?? false
    if (this.#streams.sweep(now) || datagramsLeft) return
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }
}
