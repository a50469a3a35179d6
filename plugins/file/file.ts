import { isAbsolute, join } from 'node:path'
import { formatDuration } from '#src/corefile/duration.ts'
import { CLASS, TYPE } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'
import { ZoneMap, ZoneSet } from '#src/dns/zone-map.ts'
import {
  failure,
  type Handler,
  type Instance,
  type Logger,
  type MetadataReader,
  refused,
  type ServerBlock,
  type ZoneVersion,
} from '#src/plugin.ts'
import { ZoneFile } from './zone-file.ts'

/** One use of the directive. */
export interface Source {
  readonly path: string
  readonly zones: readonly string[]
  /** Milliseconds between two looks at the file; 0 for none. */
  reload: number
  reloadByTime: boolean
}

export interface Options {
  readonly sources: readonly Source[]
  readonly fallthrough: readonly string[]
}

/** Zones from master files. */
export class File implements Instance {
  readonly #options: Options
  readonly #block: ServerBlock
  /** All threads read the same files; one tells of them. */
  readonly #log: Logger | undefined
  readonly #zones = new ZoneMap<ZoneFile>()
  readonly #fallthrough: ZoneSet
  readonly #timers: NodeJS.Timeout[] = []

  constructor(options: Options, block: ServerBlock) {
    this.#options = options
    this.#block = block
    this.#fallthrough = new ZoneSet(options.fallthrough)
    this.#log = block.server.control && block.log('file')
  }

  async start(signal: AbortSignal): Promise<void> {
    for (const { path, zones, reload, reloadByTime } of this.#options.sources) {
      const { root } = this.#block
      const full = isAbsolute(path) || !root ? path : join(root, path)
      const files = zones.map(zone => new ZoneFile(zone, full, reloadByTime, this.#log))
      for (const file of files) {
        await this.#readFirst(file, reload)
        this.#zones.set(toKey(file.origin), file)
      }
      if (reload === 0 || signal.aborted) continue
      const timer = setTimeout(async () => {
        for (const file of files) await this.#readAgain(file)
        timer.refresh()
      }, reload)
      this.#timers.push(timer.unref())
    }
  }

  async #readFirst(file: ZoneFile, reload: number): Promise<void> {
    try {
      await file.read()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || reload === 0) throw error
      this.#log?.warn(`Failed to open ${file.path}: trying again in ${formatDuration(reload)}`)
    }
  }

  async #readAgain(file: ZoneFile): Promise<void> {
    const { origin, path } = file
    try {
      if (!(await file.read())) return
      this.#log?.info(`Successfully reloaded zone "${origin}" in "${path}" with ${file.answers?.zone.serial} SOA serial`)
      this.#block.notify(toKey(origin))
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      // What was read before is kept.
      this.#log?.error(code ? `Failed to open zone "${origin}": ${message}` : `Parsing zone "${origin}": ${message}`)
    }
  }

  wrap(next: Handler): Handler {
    const { resolve } = this.#block
    return query => {
      const file = query.class === CLASS.IN ? this.#zones.find(query.key, query.hash) : undefined
      if (!file) return next(query)
      // Who may have the whole zone has got it above.
      if (query.type === TYPE.AXFR || query.type === TYPE.IXFR) return refused()
      if (!file.answers) return failure(notRead(file))
      return file.answers.respond(query, resolve, this.#fallthrough.has(query.key) ? next : undefined)
    }
  }

  zone(key: string): ZoneVersion | undefined {
    const file = this.#zones.get(key)
    if (file && !file.answers) throw new Error(notRead(file))
    return file?.answers?.zone
  }

  serving(): void {
    for (const { origin, answers } of this.#zones.values()) if (answers) this.#block.notify(toKey(origin))
  }

  metadata(label: string): MetadataReader | undefined {
    if (label !== 'zone/wildcard') return undefined
    return ({ key, hash }) => this.#zones.find(key, hash)?.answers?.wildcardOf(key, hash)
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer)
  }
}

const notRead = ({ origin }: ZoneFile): string => `zone ${origin} is not read yet`
