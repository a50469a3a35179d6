import { formatDuration } from '#src/corefile/duration.ts'
import { toKey } from '#src/dns/name.ts'
import type { Instance, ServerBlock } from '#src/plugin.ts'
import { ZoneFile } from '#src/zones/zone-file.ts'
import { ZoneFiles } from '#src/zones/zone-files.ts'

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

/** Zones from master files that the Corefile names. */
export class File extends ZoneFiles {
  readonly #sources: readonly Source[]
  #previous: File | undefined

  constructor({ sources, fallthrough }: Options, block: ServerBlock) {
    super(block, block.log('file'), fallthrough)
    this.#sources = sources
  }

  adopt(previous: Instance): void {
    this.#previous = previous as File
  }

  async start(signal: AbortSignal): Promise<void> {
    for (const { path, zones, reload, reloadByTime } of this.#sources) {
      const files = zones.map(zone => new ZoneFile(zone, this.pathOf(path), reloadByTime, this.log))
      for (const file of files) {
        await this.#readFirst(file, reload)
        this.zones.set(toKey(file.origin), file)
      }
      this.repeat(reload, signal, async () => {
        for (const file of files) await this.readAgain(file)
      })
    }
    this.#previous = undefined
  }

  async #readFirst(file: ZoneFile, reload: number): Promise<void> {
    try {
      await file.read()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || reload === 0) throw error
      this.log?.warn(`Failed to open ${file.path}: trying again in ${formatDuration(reload)}`)
      // What was read before the reload is kept.
      file.answers = this.#previous?.zones.get(toKey(file.origin))?.answers
    }
  }
}
