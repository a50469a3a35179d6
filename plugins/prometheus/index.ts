/** *prometheus* counts queries and exports the metrics of all plugins. */
import { resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { TlsOptions } from 'node:tls'
import type { Metrics } from '#src/metrics.ts'
import {
  type Handler,
  type Instance,
  type Listener,
  onReply,
  type Plugin,
  type Query,
  type Reply,
  type ServedListener,
  type ServerBlock,
} from '#src/plugin.ts'
import { RequestMetrics, type ZoneRequests } from '#src/request-metrics.ts'
import { PluginEnabled } from './plugin-enabled.ts'

export interface Options {
  /** `HOST:PORT`. */
  readonly address: string
  /** Export all that is known of the Node runtime. */
  readonly runtimeMetrics: boolean
  /** A file that says how to speak TLS. */
  readonly tls: string | undefined
}

export const prometheus: Plugin<Options> = {
  name: 'prometheus',

  parse(directive) {
    const line = directive.once()
    const address = line.left > 0 ? line.address('ADDRESS') : 'localhost:9153'
    let runtimeMetrics = false
    let tls: string | undefined
    line.options({
      runtime_metrics: () => {
        runtimeMetrics = true
      },
      tls: option => {
        if (tls !== undefined) throw option.problem('tls block already specified')
        tls = option.text('CONFIGFILE')
      },
    })
    line.end()
    return { address, runtimeMetrics, tls }
  },

  create: (options, block) => new Prometheus(options, block),
}

class Prometheus implements Instance {
  readonly #options: Options
  readonly #block: ServerBlock
  readonly #metrics: Metrics
  readonly #requests: RequestMetrics
  readonly #enabled: PluginEnabled
  /** By listener, then by zone. */
  readonly #zones = new Map<Listener, Map<string, ZoneRequests>>()
  #release: (() => Promise<void>) | undefined

  constructor(options: Options, block: ServerBlock) {
    this.#options = options
    this.#block = block
    this.#metrics = block.server.metrics
    this.#requests = new RequestMetrics(this.#metrics)
    this.#enabled = this.#metrics.once(PluginEnabled.NAME, () => new PluginEnabled())
    const labels = { version: block.server.version, revision: '', goversion: process.version }
    this.#metrics
      .gauge('coredns_build_info', 'The version of the server and of Node (as goversion); always 1.')
      .with(labels).value = 1
  }

  wrap(next: Handler): Handler {
    return query => onReply(query, next(query), this.#count)
  }

  async start(): Promise<void> {
    const { address, runtimeMetrics } = this.#options
    const { control } = this.#block.server
    if (!control) return
    // Loaded here, as what they import takes memory.
    const { expose } = await import('./exposition.ts')
    const { addProcessMetrics } = await import('./process-metrics.ts')
    addProcessMetrics(this.#metrics)
    if (runtimeMetrics) {
      const { addRuntimeMetrics } = await import('./runtime-metrics.ts')
      addRuntimeMetrics(this.#metrics)
    }
    this.#release = await control.serve(
      address,
      '/metrics',
      async () => expose(await control.collect()),
      await this.#tlsOptions(),
    )
  }

  serving(servers: readonly ServedListener[]): void {
    this.#enabled.set(this, { servers, view: this.#block.viewName, chain: this.#block.chain })
  }

  async stop(): Promise<void> {
    this.#enabled.remove(this)
    await this.#release?.()
  }

  readonly #count = (reply: Reply, query: Query): Reply => {
    const requests = this.#zones.get(query.listener)?.get(query.zone) ?? this.#bind(query)
    requests.count(query, reply, (performance.now() - query.received) / 1000)
    return reply
  }

  async #tlsOptions(): Promise<TlsOptions | undefined> {
    if (this.#options.tls === undefined) return undefined
    const { readWebConfig } = await import('./web-config.ts')
    return readWebConfig(resolve(this.#block.root, this.#options.tls))
  }

  #bind({ listener, zone }: Query): ZoneRequests {
    const zones = this.#zones.get(listener) ?? new Map()
    this.#zones.set(listener, zones)
    const requests = this.#requests.zone(listener.label, zone, this.#block.viewName)
    zones.set(zone, requests)
    return requests
  }
}
