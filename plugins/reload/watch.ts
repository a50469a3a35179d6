import type { Cell, Scalar } from '#src/metrics.ts'
import type { Instance, Logger, Server, ServerBlock } from '#src/plugin.ts'

/** The watch on duty. Every block may use *reload*, but there is one Corefile: of several watches the one that served last looks at it. */
const onDuty = new WeakMap<Server, Watch>()

export class Watch implements Instance {
  /** Hash of the configuration that this watch is part of, once it serves. */
  running = ''
  readonly #interval: number
  readonly #server: Server
  readonly #log: Logger
  readonly #plain: Logger
  readonly #failures: Cell
  readonly #info: Scalar
  /** What was refused last, by its hash, or by its problem where it does not parse: it is told once. */
  #refused: string | undefined
  #reloading = false
  #timer: NodeJS.Timeout | undefined

  /** @param interval in milliseconds */
  constructor(interval: number, block: ServerBlock) {
    const { server } = block
    this.#interval = interval
    this.#server = server
    this.#log = block.log('reload')
    this.#plain = block.log()
    this.#failures = server.metrics.counter('coredns_reload_failed_total', 'Changed Corefiles that could not be loaded.').with({})
    this.#info = server.metrics.gauge('coredns_reload_version_info', 'The hash of the Corefile that runs; always 1.')
  }

  serving(): void {
    const before = onDuty.get(this.#server)?.running
    this.running = this.#server.configuration
    onDuty.set(this.#server, this)
    if (before !== this.running) {
      if (before !== undefined) this.#info.remove({ hash: 'sha512', value: before })
      this.#info.with({ hash: 'sha512', value: this.running }).value = 1
      this.#log.info(`Running configuration SHA512 = ${this.running}`)
    }
    this.#timer = setInterval(() => this.#look(), this.#interval).unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    if (onDuty.get(this.#server) !== this) return
    onDuty.delete(this.#server)
    this.#info.remove({ hash: 'sha512', value: this.running })
  }

  async #look(): Promise<void> {
    if (onDuty.get(this.#server) !== this || this.#server.draining || this.#reloading) return
    let hash: string
    try {
      hash = this.#server.readConfiguration()
    } catch (error) {
      const { message } = error as Error
      if (this.#refuse(message)) {
        this.#failures.value++
        this.#log.warn(`Corefile parse failed: ${message}`)
      }
      return
    }
    if (hash === this.running) this.#refused = undefined
    else if (this.#refuse(hash)) await this.#load()
  }

  /** Whether this was not refused before. What is tried counts as refused until it serves, when another watch takes over. */
  #refuse(what: string): boolean {
    if (what === this.#refused) return false
    this.#refused = what
    return true
  }

  async #load(): Promise<void> {
    this.#reloading = true
    try {
      this.#plain.info('Reloading')
      await this.#server.reload()
      this.#plain.info('Reloading complete')
    } catch (error) {
      this.#failures.value++
      this.#log.error(`Corefile changed but reload failed: ${(error as Error).message}`)
    } finally {
      this.#reloading = false
    }
  }
}
