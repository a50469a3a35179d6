/** *dnstap* tells collectors of the messages that come and go. */
import { type Credentials, readCredentials } from '#src/credentials.ts'
import {
  type Handler,
  type Instance,
  onReply,
  type Plugin,
  type Query,
  type Reply,
  type ServerBlock,
  type UpstreamExchange,
  type UpstreamTap,
} from '#src/plugin.ts'
import { parse, type TapOptions } from './options.ts'
import { Tap } from './tap.ts'
import type { Target } from './target.ts'
import { closeTarget, openTarget } from './targets.ts'

export const dnstap: Plugin<readonly TapOptions[]> = {
  name: 'dnstap',
  parse,
  create: (lines, block) => new Dnstap(lines, block),
}

/** All `dnstap` lines of a server block. */
class Dnstap implements Instance, UpstreamTap {
  readonly #lines: readonly TapOptions[]
  readonly #block: ServerBlock
  readonly #taps: Tap[] = []
  /** Of listeners of TLS; read at once, so that -validate sees what is wrong with them. */
  readonly #credentials: ReadonlyMap<TapOptions, Credentials>
  readonly #targets: Target[] = []

  constructor(lines: readonly TapOptions[], block: ServerBlock) {
    this.#lines = lines
    this.#block = block
    const secured = lines.filter(({ tlsFiles }) => tlsFiles.length > 0)
    this.#credentials = new Map(secured.map(line => [line, readCredentials(line.tlsFiles, '.')]))
    block.taps.push(this)
  }

  async start(): Promise<void> {
    for (const line of this.#lines) {
      const target = await openTarget(line, this.#credentials.get(line), this.#block)
      this.#targets.push(target)
      this.#taps.push(new Tap(line, target, this.#block))
    }
  }

  wrap(next: Handler): Handler {
    return query => {
      // What the server asks itself is no message.
      if (query.depth > 0 || !this.#isWanted) return next(query)
      for (const tap of this.#taps) tap.clientQuery(query)
      return onReply(query, next(query), this.#watch)
    }
  }

  get #isWanted(): boolean {
    for (const tap of this.#taps) if (tap.isWanted) return true
    return false
  }

  readonly #watch = (reply: Reply, query: Query): Reply => {
    reply.sent = message => {
      for (const tap of this.#taps) tap.clientResponse(query, reply, message)
    }
    return reply
  }

  asked(exchange: UpstreamExchange): void {
    if (!this.#isWanted) return
    for (const tap of this.#taps) tap.forwarderQuery(exchange)
  }

  answered(exchange: UpstreamExchange, reply: Uint8Array): void {
    for (const tap of this.#taps) tap.forwarderResponse(exchange, reply)
  }

  async stop(): Promise<void> {
    await Promise.all(this.#targets.splice(0).map(target => closeTarget(target, this.#block)))
  }
}
