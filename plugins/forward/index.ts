import type { Credentials } from '#src/credentials.ts'
import { MOST_UPSTREAMS } from '#src/forwarding/words.ts'
import type { Directive, Handler, Instance, MetadataReader, Plugin, ServerBlock } from '#src/plugin.ts'
import { Forwarder } from './forwarder.ts'
import { resolveTargets } from './hosts.ts'
import { forwardCounters } from './metrics.ts'
import { type ForwardOptions, readLine } from './options.ts'
import { plainPools } from './pool.ts'
import type { Target } from './target.ts'
import { Upstream, type UpstreamSettings } from './upstream.ts'

export const forward: Plugin<ForwardOptions[]> = {
  name: 'forward',
  waits: true,
  otherClasses: true,
  parse: (directive: Directive) => directive.uses().map(readLine),
  create: (lines, block) => new Forward(lines, block),
}

/** All `forward` lines of a server block: each takes what is its own, and hands on the rest. */
class Forward implements Instance {
  readonly #lines: readonly ForwardOptions[]
  /** Of each line; read at once, so that -validate sees what is wrong with them. */
  readonly #credentials: ReadonlyMap<ForwardOptions, Credentials>
  readonly #block: ServerBlock
  /** By settings, so that equal ones, of this Corefile and of the one before, are one. */
  readonly #upstreams = new Map<string, Upstream>()
  #forwarders: Forwarder[] = []
  /** What the Corefile before holds. */
  #adopted: ReadonlyMap<string, Upstream> = new Map()

  constructor(lines: readonly ForwardOptions[], block: ServerBlock) {
    this.#lines = lines
    this.#credentials = new Map(lines.map(line => [line, block.credentials('forward', line.tlsFiles)]))
    this.#block = block
  }

  adopt(previous: Instance): void {
    if (previous instanceof Forward) this.#adopted = previous.#upstreams
  }

  async start(): Promise<void> {
    const { server, taps } = this.#block
    const counters = forwardCounters(server.metrics)
    for (const line of this.#lines)
      this.#forwarders.push(new Forwarder(line.forwarder, await this.#upstreamsOf(line), counters, taps))
    this.#adopted = new Map()
  }

  async #upstreamsOf(line: ForwardOptions): Promise<Upstream[]> {
    const targets = await resolveTargets(line.targets, line.resolver)
    if (targets.length > MOST_UPSTREAMS) throw new Error(`more than ${MOST_UPSTREAMS} TOs configured: ${targets.length}`)
    const credentials = this.#credentials.get(line)!
    return Promise.all(targets.map(target => this.#upstream(target, line, credentials)))
  }

  async #upstream({ scheme, host, port, serverName }: Target, line: ForwardOptions, credentials: Credentials): Promise<Upstream> {
    const settings: UpstreamSettings = {
      ...line.upstream,
      scheme,
      address: host,
      port,
      serverName: line.tlsServerName || serverName,
    }
    const { server } = this.#block
    const key = JSON.stringify([settings, scheme === 'dns' ? undefined : credentials])
    const createPools =
      scheme === 'dns' ? plainPools(await server.udp()) : (await import('./secure-pools.ts')).securePools(credentials)
    const held = this.#upstreams.get(key) ?? this.#adopted.get(key)
    const upstream = held ?? new Upstream(settings, createPools, server.metrics)
    if (!this.#upstreams.has(key)) upstream.hold()
    this.#upstreams.set(key, upstream)
    return upstream
  }

  metadata(label: string): MetadataReader | undefined {
    return label === 'forward/upstream' ? (_query, reply) => reply?.upstream : undefined
  }

  explain(): string[] {
    const now = performance.now()
    return Array.from(new Set(this.#upstreams.values()), upstream => `${upstream.to} ${upstream.condition(now)}`)
  }

  wrap(next: Handler): Handler {
    return this.#forwarders.reduceRight(
      (following, forwarder, i) => forwarder.handler(following, i < this.#forwarders.length - 1),
      next,
    )
  }

  async stop(): Promise<void> {
    await Promise.all(this.#forwarders.map(forwarder => forwarder.idle()))
    for (const upstream of this.#upstreams.values()) upstream.release()
    this.#upstreams.clear()
  }
}
