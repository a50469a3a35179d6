import type { RE2JS } from 're2js'
import { ZoneMap, ZoneSet } from '#src/dns/zone-map.ts'
import type { Handler, Instance, ServerBlock } from '#src/plugin.ts'
import { ZoneFiles } from '#src/zones/zone-files.ts'
import { Folder } from './folder.ts'

/** One use of the directive. */
export interface Source {
  readonly directory: string
  /** Of the names of files that are of a zone. */
  readonly pattern: RE2JS
  /** The zone, with `{1}` for what the first group has matched. */
  readonly template: string
  /** Milliseconds between two looks at the directory; 0 for none. */
  readonly reload: number
}

export interface Options {
  /** Names of others go to the next plugin. */
  readonly zones: readonly string[]
  readonly sources: readonly Source[]
}

/** Zones from master files that are found in folders. */
export class Auto extends ZoneFiles {
  readonly #served: ZoneSet
  readonly #sources: readonly Source[]
  #folders: readonly Folder[] = []
  #previous: Auto | undefined

  constructor({ zones, sources }: Options, block: ServerBlock) {
    super(block, block.log('auto'), [])
    this.#served = new ZoneSet(zones)
    this.#sources = sources
  }

  adopt(previous: Instance): void {
    this.#previous = previous as Auto
  }

  async start(signal: AbortSignal): Promise<void> {
    // What was read before the reload is kept, too, where a file is bad by now.
    const known = (key: string) => this.#previous?.zones.get(key)?.answers
    this.#folders = this.#sources.map(source => new Folder(this.pathOf(source.directory), source, known, this.log))
    for (const [i, { reload }] of this.#sources.entries()) {
      const folder = this.#folders[i]!
      await this.#look(folder)
      this.repeat(reload, signal, () => this.#look(folder))
    }
    this.#previous = undefined
  }

  override wrap(next: Handler): Handler {
    const answer = super.wrap(next)
    return query => (this.#served.find(query.key, query.hash) ? answer(query) : next(query))
  }

  async #look(folder: Folder): Promise<void> {
    const before = folder.zones
    await folder.look()
    // Of two folders with one zone the first counts.
    this.zones = new ZoneMap(this.#folders.toReversed().flatMap(({ zones }) => [...zones]))
    for (const [key, { origin }] of before) if (!folder.zones.has(key)) this.log?.info(`Deleting zone \`${origin}'`)
    for (const [key, file] of folder.zones) {
      if (before.has(key)) await this.readAgain(file)
      else if (await this.read(file)) this.log?.info(`Inserting zone \`${file.origin}' from: ${file.path}`)
    }
  }
}
