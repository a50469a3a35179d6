import timers from 'node:timers/promises'
import type { Cell, Scalar } from '#src/metrics.ts'
import type { Instance, Logger, Server, ServerBlock } from '#src/plugin.ts'

/** How long a changed file must stay as it is before it is taken, in milliseconds. */
const SETTLING = 100

/** The watch on duty. Every block may use *reload*, but there is one Corefile: of several watches the one that served last looks at it. */
const onDuty = new WeakMap<Server, Watch>()

/** What the file is: its hash; or, where it does not parse, its problem. */
type Found = { readonly hash: string } | { readonly problem: string }

const idOf = (found: Found): string => ('hash' in found ? found.hash : found.problem)

export class Watch implements Instance {
  /** Hash of the configuration that this watch is part of, once it serves. */
  running = ''
  readonly #interval: number
  readonly #server: Server
  readonly #log: Logger
  readonly #plain: Logger
  readonly #failures: Cell
  readonly #info: Scalar
  /** What was tried last and failed: it is told once. */
  #refused: string | undefined
  #looking = false
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
    if (this.#looking || onDuty.get(this.#server) !== this) return
    this.#looking = true
    const found = this.#read()
    if (idOf(found) === this.running) this.#refused = undefined
    else if (idOf(found) !== this.#refused && (await this.#settled(found))) await this.#take(found)
    this.#looking = false
  }

  #read(): Found {
    try {
      return { hash: this.#server.readConfiguration() }
    } catch (error) {
      return { problem: (error as Error).message }
    }
  }

  /** Whether the file is the same a moment later: one that is being written must not be taken for what it will be. */
  async #settled(found: Found): Promise<boolean> {
    await timers.setTimeout(SETTLING, undefined, { ref: false })
    return idOf(this.#read()) === idOf(found) && !this.#server.draining
  }

  async #take(found: Found): Promise<void> {
    this.#refused = idOf(found)
    if ('problem' in found) {
      this.#failures.value++
      this.#log.warn(`Corefile parse failed: ${found.problem}`)
      return
    }
    try {
      this.#plain.info('Reloading')
      await this.#server.reload()
      this.#plain.info('Reloading complete')
    } catch (error) {
      this.#failures.value++
      this.#log.error(`Corefile changed but reload failed: ${(error as Error).message}`)
    }
  }
}
