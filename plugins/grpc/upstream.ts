import { rcodeName } from '#src/dns/codes.ts'
import type { Reply } from '#src/dns/reply.ts'
import type { Question } from '#src/forwarding/question.ts'
import { readUpstreamReply } from '#src/forwarding/reply.ts'
import { Channel, type ChannelSettings } from '#src/grpc/channel.ts'
import { LONGEST_PACKET, QUERY, readPacket, writePacket } from '#src/grpc/dns-service.ts'
import { type Cell, exponential, type HistogramCell, type Metrics } from '#src/metrics.ts'

/** One server to ask. The Corefiles before and after a reload may hold it. */
export class Upstream {
  /** As metrics and errors name it. */
  readonly to: string
  readonly #channel: Channel
  readonly #metrics: Metrics
  readonly #requests: Cell
  readonly #duration: HistogramCell
  #holders = 0

  constructor(to: string, settings: ChannelSettings, metrics: Metrics) {
    this.to = to
    this.#channel = new Channel(settings)
    this.#metrics = metrics
    const labels = { to: this.to }
    this.#requests = metrics.counter('coredns_grpc_requests_total', 'Queries that upstreams answered.').with(labels)
    this.#duration = metrics
      .histogram('coredns_grpc_request_duration_seconds', 'Time that upstreams took to answer.', exponential(0.00025, 2, 16))
      .with(labels)
  }

  /** Whether others should be asked before it. */
  get isDown(): boolean {
    return this.#channel.isDown
  }

  /**
   * @param message the question, as it is put
   * @param milliseconds that it may take
   * @throws {CallError} and what is wrong with the answer
   */
  async ask(question: Question, message: Uint8Array, milliseconds: number): Promise<Reply> {
    const since = performance.now()
    const call = { path: QUERY, message: writePacket(message), longest: LONGEST_PACKET }
    const answer = readPacket(await this.#channel.call(call, milliseconds))
    if (!question.isAnsweredBy(answer)) throw new Error(`what ${this.to} answers is no reply to the question`)
    const reply = readUpstreamReply(answer)
    reply.upstream = this.to
    this.#requests.value++
    this.#metrics
      .counter('coredns_grpc_responses_total', 'Replies of upstreams, by their rcodes.')
      .with({ rcode: rcodeName(reply.rcode), to: this.to }).value++
    this.#duration.observe((performance.now() - since) / 1000)
    return reply
  }

  hold(): void {
    this.#holders++
  }

  /** The last holder closes it. */
  release(): void {
    if (--this.#holders === 0) this.#channel.close()
  }
}
