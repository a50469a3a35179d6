/** The certificates that plugins were made with. Their files are exchanged while the Corefile stays as it is: by whoever renews a Secret, or by istio-agent. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Credentials, readCredentials } from '../credentials.ts'
import type { Logger } from '../log.ts'
import type { Control } from '../plugin.ts'

/** Milliseconds between two looks at the files. */
const INTERVAL = 5000
/** Milliseconds until a reload that failed is tried again, at most: twice as many with each. */
const LONGEST_PAUSE = 300_000

/** All those of one Corefile. */
export class Certificates {
  /** By plugin and files: lines that name the same are one. */
  readonly #watches = new Map<string, CertificateWatch>()

  /** Reads the files of `tls [CERT KEY] [CA]`, as {@link readCredentials}. @param plugin that uses them, which `log` names */
  read(plugin: string, files: readonly string[], root: string, log: Logger): Credentials {
    const credentials = readCredentials(files, root)
    const paths = files.map(file => resolve(root, file))
    if (files.length > 0) this.#watches.set(JSON.stringify([plugin, paths]), new CertificateWatch(paths, credentials, log))
    return credentials
  }

  /** From now on the Corefile is loaded anew when files have changed. */
  watch(control: Control): void {
    for (const watch of this.#watches.values()) watch.start(control)
  }

  stop(): void {
    for (const watch of this.#watches.values()) watch.stop()
  }
}

class CertificateWatch {
  readonly #files: readonly string[]
  readonly #log: Logger
  /** What the files held at the last look. */
  #seen: string
  /** When the reload is tried again, by `performance.now()`, and how long it then waits after another failure. */
  #nextTry = Number.POSITIVE_INFINITY
  #pause = INTERVAL
  #timer: NodeJS.Timeout | undefined

  constructor(files: readonly string[], { cert, key, ca }: Credentials, log: Logger) {
    this.#files = files
    this.#log = log
    this.#seen = [cert, key, ca].filter(text => text !== undefined).join('\0')
  }

  start(control: Control): void {
    this.#timer = setInterval(() => this.#compare(control), INTERVAL).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #look(): Promise<string> {
    // A file that is on its way is another one than before, too.
    return (await Promise.all(this.#files.map(file => readFile(file, 'utf8').catch(() => '')))).join('\0')
  }

  async #compare(control: Control): Promise<void> {
    const found = await this.#look()
    const isSame = found === this.#seen
    this.#seen = found
    if ((isSame && performance.now() < this.#nextTry) || control.draining) return
    this.#nextTry = Number.POSITIVE_INFINITY
    try {
      readCredentials(this.#files, '')
      this.#log.info('the certificate has changed: reloading')
      await this.#renew(control)
    } catch (error) {
      this.#log.error(`the old certificate stays in use: ${(error as Error).message}`)
    }
  }

  /** What keeps it from working may go without another change of the files. */
  async #renew(control: Control): Promise<void> {
    try {
      await control.renew()
    } catch (error) {
      this.#nextTry = performance.now() + this.#pause
      this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE)
      throw error
    }
  }
}
