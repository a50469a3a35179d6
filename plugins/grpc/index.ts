/** *grpc* asks other servers over gRPC. */
import type { Credentials } from '#src/credentials.ts'
import { dialling } from '#src/forwarding/dialling.ts'
import { ordering } from '#src/forwarding/policy.ts'
import type { Handler, Instance, Plugin, ServerBlock } from '#src/plugin.ts'
import { Asking } from './asking.ts'
import { nameOf, type Options, readOptions, type Target } from './options.ts'
import { Upstream } from './upstream.ts'

export const grpc: Plugin<Options> = {
  name: 'grpc',
  waits: true,
  parse: readOptions,
  create: (options, block) => new Grpc(options, block),
}

class Grpc implements Instance {
  readonly #options: Options
  readonly #block: ServerBlock
  /** Read at once, so that -validate sees what is wrong with them; undefined for in the clear. */
  readonly #credentials: Credentials | undefined
  /** By settings, so that equal ones, of this Corefile and of the one before, are one. */
  readonly #upstreams = new Map<string, Upstream>()
  /** What the Corefile before holds. */
  #adopted: ReadonlyMap<string, Upstream> = new Map()

  constructor(options: Options, block: ServerBlock) {
    this.#options = options
    this.#block = block
    this.#credentials = options.tls && block.credentials('grpc', options.tls)
  }

  adopt(previous: Instance): void {
    if (previous instanceof Grpc) this.#adopted = previous.#upstreams
  }

  async start(): Promise<void> {
    for (const target of this.#options.targets) {
      const key = JSON.stringify([target, this.#options.serverName, this.#credentials])
      if (this.#upstreams.has(key)) continue
      const upstream = this.#adopted.get(key) ?? (await this.#upstream(target))
      upstream.hold()
      this.#upstreams.set(key, upstream)
    }
    this.#adopted = new Map()
  }

  async #upstream(target: Target): Promise<Upstream> {
    const name = nameOf(target)
    const to = 'path' in target ? target.path : name
    const { metrics } = this.#block.server
    const dial = await dialling(target, this.#credentials, this.#options.serverName)
    return new Upstream(name, { to, secure: this.#credentials !== undefined, dial }, metrics)
  }

  wrap(next: Handler): Handler {
    const { policy, from, except, fallthrough } = this.#options
    // Where nothing is behind, what an upstream says is the answer.
    const isLast = this.#block.chain.at(-1) === 'grpc'
    const order = ordering(policy, [...this.#upstreams.values()])
    return new Asking({ from, except, fallthrough: isLast ? undefined : fallthrough, order }).handler(next)
  }

  async stop(): Promise<void> {
    for (const upstream of this.#upstreams.values()) upstream.release()
    this.#upstreams.clear()
  }
}
