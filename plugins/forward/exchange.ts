import { readReply, type UpstreamReply } from '#src/dns/message.ts'
import type { Question } from './question.ts'

/** One question on its way to one upstream, as the transports see it. */
export interface Exchange {
  readonly question: Question
  /** Whether OPT goes along. */
  readonly edns: boolean
  /** Whether anybody still wants the answer. */
  readonly waiting: boolean
  answered(reply: UpstreamReply): void
  /** The transport gave up; an answer may come nevertheless, and is as good as any. */
  failed(error: Error): void
  /** Somebody may be guessing at the reply: it should be asked for in a way that no stranger can answer. */
  doubted(): void
}

/** The reply in a message of an upstream that answers `exchange`; undefined when it does not. */
export function replyTo(exchange: Exchange, message: Uint8Array): UpstreamReply | undefined {
  try {
    const reply = readReply(message)
    return exchange.question.isAnsweredBy(reply) ? reply : undefined
  } catch {
    return undefined
  }
}

/** An error in the words of CoreDNS, that is, of Go: `read udp 192.0.2.53:53: i/o timeout`. */
export const networkError = (operation: string, network: 'udp' | 'tcp', to: string, reason: string): Error =>
  new Error(`${operation} ${network} ${to}: ${reason}`)
