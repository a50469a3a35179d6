import type { Socket } from 'node:net'
import type { Reply } from '#src/dns/reply.ts'
import type { Question } from '#src/forwarding/question.ts'
import { readUpstreamReply } from '#src/forwarding/reply.ts'
import type { Endpoint } from '#src/plugin.ts'

/** One question on its way to one upstream, as the transports see it. */
export interface Exchange {
  readonly question: Question
  /** When it was put, in milliseconds of `performance.now()`. */
  readonly sentAt: number
  /** Of the message that carries it; a transport sets it. */
  id: number
  /** Whether OPT goes along. */
  readonly edns: boolean
  /** Whether the message is padded, for a way on which strangers see its length alone. */
  readonly padded: boolean
  /** Whether anybody still wants the answer. */
  readonly waiting: boolean
  /** For taps: it went out, from `local` as far as that is known. */
  sent?(local: Endpoint | undefined): void
  /** @param message that the reply was read from */
  answered(reply: Reply, message: Uint8Array): void
  /** The transport gave up; an answer may come nevertheless, and is as good as any. */
  failed(error: Error): void
  /** Somebody may be guessing at the reply: the question should be asked in a way that no stranger can answer (TCP). */
  doubted(): void
}

/** The reply in a message of an upstream that answers `exchange`; undefined when it does not. */
export function replyTo(exchange: Exchange, message: Buffer): Reply | undefined {
  if (!exchange.question.isAnsweredBy(message)) return undefined
  try {
    return readUpstreamReply(message)
  } catch {
    return undefined
  }
}

/** Where an open connection leaves from. */
export const localOf = ({ localAddress = '', localPort = 0 }: Pick<Socket, 'localAddress' | 'localPort'>): Endpoint => ({
  address: localAddress,
  port: localPort,
})

/** An error in the words of CoreDNS, that is, of Go: `read udp 192.0.2.53:53: i/o timeout`. */
export const networkError = (operation: string, network: 'udp' | 'tcp', to: string, reason: string): Error =>
  new Error(`${operation} ${network} ${to}: ${reason}`)
