import { setImmediate as nextTurn } from 'node:timers/promises'
import { Complaints } from '#src/feeds/complaints.ts'
import type { Cell, Metrics } from '#src/metrics.ts'
import type { Logger } from '#src/plugin.ts'
import { Collector, type Response } from './collector.ts'
import type { Reporting } from './options.ts'
import type { Endpoint, Protocol, ReportedSpan } from './protocol.ts'
import type { SpanRecord } from './trace.ts'

/** Spans in one request. */
const MOST = 1000
/** The longest that a collector can ask to be left alone, in milliseconds. */
const MOST_ASKED = 60_000

/** Sends spans to a collector, several at a time. Who adds one never waits: where there are too many, the oldest are thrown away. */
export class Reporter {
  readonly #collector: Collector
  readonly #protocol: Protocol
  readonly #limits: Reporting
  readonly #complaints: Complaints
  readonly #dropped: Cell
  /** Oldest first. */
  #spans: ReportedSpan[] = []
  /** How many of the oldest are on their way. */
  #sent = 0
  #sending: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  /** The collector could not be reached, or had no time: it is asked again when it is time. */
  #isAway = false
  /** For how long it has asked to be left alone, in milliseconds. */
  #asked = 0
  #isOver = false

  constructor(url: string, protocol: Protocol, limits: Reporting, log: Logger, metrics: Metrics) {
    this.#collector = new Collector(url)
    this.#protocol = protocol
    this.#limits = limits
    this.#complaints = new Complaints(line => log.warn(line))
    this.#dropped = metrics.counter('coredns_trace_dropped_spans_total', 'Counter of spans that were dropped.').with({})
  }

  add(span: SpanRecord, localEndpoint: Endpoint): void {
    this.#spans.push({ ...span, localEndpoint })
    const excess = this.#spans.length - this.#limits.backlog
    if (excess > 0) {
      this.#complaints.add(`backlog too long, disposing ${excess} spans`)
      this.#dropped.value += excess
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
    else this.#timer ??= setTimeout(() => this.#flush(), Math.max(this.#limits.interval, this.#asked)).unref()
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
    this.#asked = 0
    try {
      this.#take(await this.#collector.post(this.#protocol.write(spans)))
    } catch (error) {
      const { message, cause } = error as Error
      this.#complaints.add(`failed to send the request: ${cause instanceof Error ? cause.message : message}`)
      this.#sent = 0
      this.#isAway = true
    }
  }

  #take({ status, retryAfter, body }: Response): void {
    const isTaken = status >= 200 && status <= 299
    const complaint = isTaken ? this.#protocol.readComplaint(body) : undefined
    if (complaint) {
      const { rejected, message } = complaint
      const what = rejected > 0 ? `has rejected ${rejected} spans` : 'has taken the spans, but says'
      this.#complaints.add(`the collector ${what}: ${message}`)
    }
    if (!isTaken) this.#complaints.add(`failed the request with status code ${status}`)
    this.#isAway = this.#protocol.retried.has(status)
    if (this.#isAway) {
      this.#asked = Math.min(retryAfter, MOST_ASKED)
      this.#sent = 0
      return
    }
    this.#dropped.value += isTaken ? (complaint?.rejected ?? 0) : this.#sent
    this.#remove(this.#sent)
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
