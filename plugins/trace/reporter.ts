import { setImmediate as nextTurn } from 'node:timers/promises'
import { Complaints } from '#src/feeds/complaints.ts'
import type { Logger } from '#src/plugin.ts'
import { Collector } from './collector.ts'
import type { Reporting } from './options.ts'
import type { SpanRecord } from './trace.ts'

/** Spans in one request. */
const MOST = 1000

/** Who saw a span. */
export interface Endpoint {
  readonly serviceName: string
  readonly ipv4?: string
  readonly ipv6?: string
  readonly port?: number
}

/** Sends spans to a collector, several at a time. Who adds one never waits: where there are too many, the oldest are thrown away. */
export class Reporter {
  readonly #collector: Collector
  readonly #limits: Reporting
  readonly #complaints: Complaints
  /** Oldest first. */
  #spans: (SpanRecord & { readonly localEndpoint: Endpoint })[] = []
  /** How many of the oldest are on their way. */
  #sent = 0
  #sending: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  /** The collector could not be reached: it is asked again when it is time. */
  #isAway = false
  #isOver = false

  constructor(url: string, limits: Reporting, log: Logger) {
    this.#collector = new Collector(url)
    this.#limits = limits
    this.#complaints = new Complaints(line => log.warn(line))
  }

  add(span: SpanRecord, localEndpoint: Endpoint): void {
    this.#spans.push({ ...span, localEndpoint })
    const excess = this.#spans.length - this.#limits.backlog
    if (excess > 0) {
      this.#complaints.add(`backlog too long, disposing ${excess} spans`)
      this.#remove(excess)
    }
    this.#plan()
  }

  #remove(count: number): void {
    this.#spans.splice(0, count)
    this.#sent = Math.max(0, this.#sent - count)
  }

  #plan(): void {
    if (this.#sending || this.#isOver || this.#spans.length === 0) return
    if (this.#spans.length >= this.#limits.batch && !this.#isAway) this.#flush()
    else this.#timer ??= setTimeout(() => this.#flush(), this.#limits.interval).unref()
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined
      this.#plan()
    })
  }

  async #send(): Promise<void> {
    // Who added the last has a query to answer.
    await nextTurn()
    const spans = this.#spans.slice(0, MOST)
    this.#sent = spans.length
    try {
      const status = await this.#collector.post(JSON.stringify(spans))
      if (status < 200 || status > 299) this.#complaints.add(`failed the request with status code ${status}`)
      this.#remove(this.#sent)
      this.#isAway = false
    } catch (error) {
      const { message, cause } = error as Error
      this.#complaints.add(`failed to send the request: ${cause instanceof Error ? cause.message : message}`)
      this.#sent = 0
      this.#isAway = true
    }
  }

  /** Sends what is left. */
  async end(): Promise<void> {
    this.#isOver = true
    do {
      await this.#sending
      if (this.#spans.length > 0) this.#flush()
    } while (this.#sending && !this.#isAway)
    clearTimeout(this.#timer)
    this.#collector.close()
    this.#complaints.end()
  }
}
