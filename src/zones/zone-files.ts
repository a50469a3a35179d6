import { isAbsolute, join } from 'node:path'
import { CLASS, TYPE } from '../dns/codes.ts'
import { toKey } from '../dns/name.ts'
import { ZoneMap, ZoneSet } from '../dns/zone-map.ts'
import type { ZoneVersion } from '../dns/zone-version.ts'
import { failure, type Handler, type Instance, type Logger, type MetadataReader, refused, type ServerBlock } from '../plugin.ts'
import type { ZoneFile } from './zone-file.ts'

/** A plugin whose zones are in files: it answers for them, and tells of their new versions. */
export class ZoneFiles implements Instance {
  protected zones = new ZoneMap<ZoneFile>()
  /** All threads read the same files; one tells of them. */
  protected readonly log: Logger | undefined
  readonly #block: ServerBlock
  readonly #fallthrough: ZoneSet
  readonly #timers: NodeJS.Timeout[] = []
  #isServing = false

  /** @param fallthrough zones whose names go to the next plugin where there are no records */
  constructor(block: ServerBlock, log: Logger, fallthrough: readonly string[]) {
    this.#block = block
    this.#fallthrough = new ZoneSet(fallthrough)
    this.log = block.server.control && log
  }

  wrap(next: Handler): Handler {
    const { resolve } = this.#block
    return query => {
      const file = query.class === CLASS.IN ? this.zones.find(query.key, query.hash) : undefined
      if (!file) return next(query)
      // Who may have the whole zone has got it above.
      if (query.type === TYPE.AXFR || query.type === TYPE.IXFR) return refused()
      if (!file.answers) return failure(notRead(file))
      return file.answers.respond(query, resolve, this.#fallthrough.has(query.key) ? next : undefined)
    }
  }

  zone(key: string): ZoneVersion | undefined {
    const file = this.zones.get(key)
    if (file && !file.answers) throw new Error(notRead(file))
    return file?.answers?.zone
  }

  serving(): void {
    this.#isServing = true
    for (const { origin, answers } of this.zones.values()) if (answers) this.#block.notify(toKey(origin))
  }

  metadata(label: string): MetadataReader | undefined {
    if (label !== 'zone/wildcard') return undefined
    return ({ key, hash }) => this.zones.find(key, hash)?.answers?.wildcardOf(key, hash)
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer)
  }

  /** The path of a file or folder that the Corefile names, from the directory of *root* on. */
  protected pathOf(path: string): string {
    const { root } = this.#block
    return isAbsolute(path) || !root ? path : join(root, path)
  }

  /** Does something again and again, this long behind its last end. @param interval in milliseconds; 0 for never */
  protected repeat(interval: number, signal: AbortSignal, work: () => Promise<void>): void {
    if (interval === 0 || signal.aborted) return
    const timer = setTimeout(async () => {
      await work()
      timer.refresh()
    }, interval)
    this.#timers.push(timer.unref())
  }

  /** Reads a zone where its file has changed, and logs what is wrong: what was read before is kept. @returns whether there is another version */
  protected async read(file: ZoneFile): Promise<boolean> {
    const { origin } = file
    try {
      if (!(await file.read())) return false
      if (this.#isServing) this.#block.notify(toKey(origin))
      return true
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      this.log?.error(code ? `Failed to open zone "${origin}": ${message}` : `Parsing zone "${origin}": ${message}`)
      return false
    }
  }

  /** The same, and logs that there is another version. */
  protected async readAgain(file: ZoneFile): Promise<void> {
    if (!(await this.read(file))) return
    const { origin, path, answers } = file
    this.log?.info(`Successfully reloaded zone "${origin}" in "${path}" with ${answers?.zone.serial} SOA serial`)
  }
}

const notRead = ({ origin }: ZoneFile): string => `zone ${origin} is not read yet`
