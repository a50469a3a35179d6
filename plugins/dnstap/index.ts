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
import { createTarget } from './targets.ts'

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
  /** By what makes them what they are: equal ones, of this Corefile and of the one before, are one. */
  readonly #targets = new Map<string, Target>()
  /** Of the Corefile before. */
  #adopted: ReadonlyMap<string, Target> = new Map()

  constructor(lines: readonly TapOptions[], block: ServerBlock) {
    this.#lines = lines
    this.#block = block
    const secured = lines.filter(({ tlsFiles }) => tlsFiles.length > 0)
    this.#credentials = new Map(secured.map(line => [line, readCredentials(line.tlsFiles, '.')]))
    block.tap = this
  }

  adopt(previous: Instance): void {
    if (previous instanceof Dnstap) this.#adopted = previous.#targets
  }

  async start(): Promise<void> {
    for (const line of this.#lines) this.#taps.push(new Tap(line, await this.#targetOf(line), this.#block))
    this.#adopted = new Map()
  }

  async #targetOf(line: TapOptions): Promise<Target> {
    const credentials = this.#credentials.get(line)
    const key = JSON.stringify([line.address, line.listens, line.queue, line.skipVerify, credentials])
    const held = this.#targets.get(key)
    if (held) return held
    const target = this.#adopted.get(key) ?? (await createTarget(line, credentials, key, this.#block))
    target.hold()
    this.#targets.set(key, target)
    return target
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
    await Promise.all(Array.from(this.#targets.values(), target => target.release()))
    this.#targets.clear()
  }
}
