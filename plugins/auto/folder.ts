import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import type { RE2JS } from 're2js'
import { toKey, toText } from '#src/dns/name.ts'
import type { Logger } from '#src/plugin.ts'
import type { Answers } from '#src/zones/answers.ts'
import { ZoneFile } from '#src/zones/zone-file.ts'

/** A folder of master files, which say by their names what zones they are of. */
export class Folder {
  readonly #path: string
  readonly #pattern: RE2JS
  readonly #template: string
  readonly #known: (key: string) => Answers | undefined
  readonly #log: Logger | undefined
  /** What was to say at the last look is not said again. */
  #told = new Set<string>()
  /** By key. */
  zones: ReadonlyMap<string, ZoneFile> = new Map()

  /** @param known what is answered for a zone until its file is read */
  constructor(
    path: string,
    naming: { readonly pattern: RE2JS; readonly template: string },
    known: (key: string) => Answers | undefined,
    log: Logger | undefined,
  ) {
    this.#path = path
    this.#pattern = naming.pattern
    this.#template = naming.template
    this.#known = known
    this.#log = log
  }

  /** Finds the zones that there are now, and reads none. */
  async look(): Promise<void> {
    const warnings = new Set<string>()
    try {
      this.zones = this.#zonesOf(await this.#files(), warnings)
    } catch (error) {
      // What was found before is kept.
      const { code, message } = error as NodeJS.ErrnoException
      warnings.add(code === 'ENOENT' ? `Directory does not exist: ${this.#path}` : message)
    }
    for (const warning of warnings) if (!this.#told.has(warning)) this.#log?.warn(warning)
    this.#told = warnings
  }

  /** The paths of all files, in order. Where the folder is of a ConfigMap, files stand for those of a folder `..data`, which is not looked into. */
  async #files(): Promise<readonly { readonly name: string; readonly path: string }[]> {
    const entries = await readdir(this.#path, { recursive: true, withFileTypes: true })
    return entries
      .filter(entry => !entry.isDirectory())
      .map(({ name, parentPath }) => ({ name, path: join(parentPath, name) }))
      .filter(({ path }) => !relative(this.#path, path).split(sep).some(isHidden))
      .sort((a, b) => (a.path < b.path ? -1 : 1))
  }

  #zonesOf(files: readonly { readonly name: string; readonly path: string }[], warnings: Set<string>): Map<string, ZoneFile> {
    const zones = new Map<string, ZoneFile>()
    for (const { name, path } of files) {
      const origin = this.#originOf(name)
      if (origin === undefined) continue
      let key: string
      try {
        key = toKey(origin)
      } catch (error) {
        warnings.add(`${path}: '${origin}' is no zone: ${(error as Error).message}`)
        continue
      }
      const other = zones.get(key)
      if (other) warnings.add(`Multiple zone files match origin "${other.origin}": using "${other.path}" instead of "${path}"`)
      else zones.set(key, this.#fileOf(key, path))
    }
    return zones
  }

  /** A file that was moved is read again; until then, the old version is kept. */
  #fileOf(key: string, path: string): ZoneFile {
    const held = this.zones.get(key)
    if (held?.path === path) return held
    return Object.assign(new ZoneFile(toText(key), path, false, this.#log), { answers: held?.answers ?? this.#known(key) })
  }

  #originOf(name: string): string | undefined {
    const matcher = this.#pattern.matcher(name)
    if (!matcher.find()) return undefined
    return this.#template.replace(/\{(\d+)\}/g, (_, group) => matcher.group(Number(group)) ?? '')
  }
}

const isHidden = (part: string): boolean => part.startsWith('..')
