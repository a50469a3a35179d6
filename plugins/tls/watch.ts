import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { readCredentials } from '#src/credentials.ts'
import type { Control, Instance, Logger, ServerBlock } from '#src/plugin.ts'

/** Milliseconds between two looks at the files. */
const INTERVAL = 5000
/** Milliseconds until a reload that failed is tried again, at most: twice as many with each. */
const LONGEST_PAUSE = 300_000

/** Has the server load its Corefile anew when the files of a certificate were exchanged: those of a Secret are, while the Corefile stays as it is. */
export class CertificateWatch implements Instance {
  readonly #files: readonly string[]
  readonly #root: string
  readonly #control: Control
  readonly #log: Logger
  /** What the files were like at the last look. */
  #seen: Promise<string>
  /** When the reload is tried again, by `performance.now()`, and how long it then waits after another failure. */
  #nextTry = Number.POSITIVE_INFINITY
  #pause = INTERVAL
  #timer: NodeJS.Timeout | undefined

  constructor(files: readonly string[], block: ServerBlock, control: Control) {
    this.#files = files
    this.#root = block.root
    this.#control = control
    this.#log = block.log('tls')
    this.#seen = this.#look()
  }

  serving(): void {
    this.#timer = setInterval(() => this.#compare(), INTERVAL).unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
  }

  async #look(): Promise<string> {
    const states = this.#files.map(async file => {
      const { ino, size, mtimeMs } = await stat(resolve(this.#root, file))
      return `${ino} ${size} ${mtimeMs}`
    })
    // A file that is on its way is another one than before, too.
    return (await Promise.allSettled(states)).map(state => (state.status === 'fulfilled' ? state.value : '')).join()
  }

  async #compare(): Promise<void> {
    const before = this.#seen
    this.#seen = this.#look()
    const isSame = (await before) === (await this.#seen)
    if ((isSame && performance.now() < this.#nextTry) || this.#control.draining) return
    this.#nextTry = Number.POSITIVE_INFINITY
    try {
      readCredentials(this.#files, this.#root)
      this.#log.info('the certificate has changed: reloading')
      await this.#reload()
    } catch (error) {
      this.#log.error(`the old certificate stays in use: ${(error as Error).message}`)
    }
  }

  /** What keeps it from working may go without another change of the files. */
  async #reload(): Promise<void> {
    try {
      await this.#control.renew()
    } catch (error) {
      this.#nextTry = performance.now() + this.#pause
      this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE)
      throw error
    }
  }
}
