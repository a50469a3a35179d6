import timers from 'node:timers/promises'
import { formatDuration } from '#src/corefile/duration.ts'
import type { Cell, Scalar } from '#src/metrics.ts'
import type { Control, Instance, Logger, ServerBlock } from '#src/plugin.ts'

/** How long a changed file must stay as it is before it is taken, in milliseconds. */
const SETTLING = 100
/** Milliseconds until a file that could not be loaded is tried again, at most: twice as many with each try. */
const LONGEST_PAUSE = 300_000

/** The watch on duty. Every block may use *reload*, but there is one Corefile: of several watches the one that served last looks at it. */
const onDuty = new WeakMap<Control, Watch>()

/** What the file is: its hash; or, where it does not parse, its problem. */
type Found = { readonly hash: string } | { readonly problem: string }

const idOf = (found: Found): string => ('hash' in found ? found.hash : found.problem)

export class Watch implements Instance {
  /** Hash of the configuration that this watch is part of, once it serves. */
  running = ''
  readonly #interval: number
  readonly #control: Control
  readonly #log: Logger
  readonly #plain: Logger
  readonly #failures: Cell
  readonly #info: Scalar
  /** What is being loaded. */
  #loading: string | undefined
  /** What was tried last and failed, and at which look from then on, of those that are left, it is tried again. */
  #refused: string | undefined
  #pause = 0
  #left = 0
  #looking = false
  #timer: NodeJS.Timeout | undefined

  /** @param interval in milliseconds */
  constructor(interval: number, block: ServerBlock, control: Control) {
    const { metrics } = block.server
    this.#interval = interval
    this.#control = control
    this.#log = block.log('reload')
    this.#plain = block.log()
    this.#failures = metrics.counter('coredns_reload_failed_total', 'Tries to load a changed Corefile that failed.').with({})
    this.#info = metrics.gauge('coredns_reload_version_info', 'The hash of the Corefile that runs; always 1.')
  }

  serving(): void {
    const before = onDuty.get(this.#control)?.running
    this.running = this.#control.configuration
    onDuty.set(this.#control, this)
    if (before !== this.running) {
      if (before !== undefined) this.#info.remove({ hash: 'sha512', value: before })
      this.#info.with({ hash: 'sha512', value: this.running }).value = 1
      this.#log.info(`Running configuration SHA512 = ${this.running}`)
    }
    this.#timer = setInterval(() => this.#look(), this.#interval).unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    if (onDuty.get(this.#control) !== this) return
    onDuty.delete(this.#control)
    this.#info.remove({ hash: 'sha512', value: this.running })
  }

  async #look(): Promise<void> {
    if (this.#looking || onDuty.get(this.#control) !== this) return
    this.#looking = true
    const found = this.#read()
    const id = idOf(found)
    if (this.#loading === undefined && id === this.running) this.#refused = undefined
    else if (id !== this.#loading && (id !== this.#refused || --this.#left <= 0) && (await this.#settled(found)))
      void this.#take(found)
    this.#looking = false
  }

  #read(): Found {
    try {
      return { hash: this.#control.readConfiguration() }
    } catch (error) {
      return { problem: (error as Error).message }
    }
  }

  /** Whether the file is the same a moment later: one that is being written must not be taken for what it will be. */
  async #settled(found: Found): Promise<boolean> {
    await timers.setTimeout(SETTLING, undefined, { ref: false })
    return idOf(this.#read()) === idOf(found) && !this.#control.draining
  }

  async #take(found: Found): Promise<void> {
    if ('problem' in found) {
      this.#refuse(found)
      this.#log.warn(`Corefile parse failed: ${found.problem}`)
      return
    }
    this.#loading = found.hash
    this.#plain.info('Reloading')
    const failure = await this.#control.reload().catch((error: Error) => error)
    // A newer file has taken its place while it started.
    if (this.#loading !== found.hash) return
    this.#loading = undefined
    if (!failure) {
      this.#plain.info('Reloading complete')
      return
    }
    this.#refuse(found)
    const next = formatDuration(1000 * Math.round((this.#pause * this.#interval) / 1000))
    this.#log.error(`Corefile changed but reload failed: ${failure.message} (next try in ${next})`)
  }

  /** What keeps it from working may go without another change of the file. */
  #refuse(found: Found): void {
    const id = idOf(found)
    const most = Math.max(1, Math.floor(LONGEST_PAUSE / this.#interval))
    this.#pause = id === this.#refused ? Math.min(2 * this.#pause, most) : 1
    this.#left = this.#pause
    this.#refused = id
    this.#failures.value++
  }
}
