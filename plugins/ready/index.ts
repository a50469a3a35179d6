/** *ready* tells over HTTP whether every plugin is ready. */
import type { Control, Instance, Logger, Plugin, ServerBlock, Unready } from '#src/plugin.ts'

export interface Options {
  /** `HOST:PORT`. */
  readonly address: string
  /** Whether a plugin that has been ready once is asked again. */
  readonly continuously: boolean
}

export const ready: Plugin<Options> = {
  name: 'ready',

  parse(directive) {
    const line = directive.once()
    const address = line.left > 0 ? line.address('ADDRESS') : ':8181'
    let continuously = false
    line.options({
      monitor: option => {
        continuously = option.oneOf('monitor type', ['until-ready', 'continuously']) === 'continuously'
      },
    })
    line.end()
    return { address, continuously }
  },

  create: (options, block) => (block.server.control ? new Ready(options, block, block.server.control) : {}),
}

class Ready implements Instance {
  readonly #options: Options
  readonly #control: Control
  readonly #log: Logger
  #serving = false
  /** The plugins that have not been ready since this Corefile serves; undefined before the first request. */
  #pending: ReadonlySet<string> | undefined
  #release: (() => Promise<void>) | undefined

  constructor(options: Options, block: ServerBlock, control: Control) {
    this.#options = options
    this.#control = control
    this.#log = block.log('ready')
  }

  async start(): Promise<void> {
    this.#release = await this.#control.serve(this.#options.address, '/ready', () => this.#answer())
  }

  serving(): void {
    this.#serving = true
  }

  async stop(): Promise<void> {
    await this.#release?.()
  }

  async #answer(): Promise<{ status: number; body: string }> {
    if (this.#control.draining) return { status: 503, body: 'Shutting down' }
    const unready = await this.#unready()
    if (unready.length === 0) return { status: 200, body: 'OK' }
    const plugins = [...new Set(unready.map(({ plugin }) => plugin))].sort().join(',')
    this.#log.info(`Plugins not ready: "${plugins}"`)
    return { status: 503, body: [plugins, ...unready.map(({ plugin, reason }) => `${plugin}: ${reason}`)].join('\n') }
  }

  async #unready(): Promise<Unready[]> {
    const unready = await this.#control.unready('ready')
    // Until this Corefile serves, what the server says is of the one before it.
    if (this.#options.continuously || !this.#serving) return unready
    const pending = this.#pending
    const waiting = unready.filter(({ plugin }) => pending === undefined || pending.has(plugin))
    this.#pending = new Set(waiting.map(({ plugin }) => plugin))
    return waiting
  }
}
