import { toText } from '#src/dns/name.ts'
import type { ZoneSet } from '#src/dns/zone-map.ts'
import type { Primary, SecondaryZone } from '#src/feeds/zones/secondary-zone.ts'
import type { Logger } from '#src/plugin.ts'
import type { Answers } from '#src/zones/answers.ts'
import { type Member, readCatalog } from './catalog.ts'

/** A zone that lists others. */
interface Catalog {
  readonly key: string
  readonly zone: SecondaryZone
  /** Zones outside are not served, whatever it lists. */
  readonly accepted: ZoneSet
  members: ReadonlyMap<string, Member>
}

/** A zone that is served because a catalog lists it. */
interface Listed {
  readonly catalog: Catalog
  readonly id: string
  readonly use: Use
}

/** A zone as long as somebody needs it. */
export interface Use {
  readonly zone: SecondaryZone
  end(): void
}

/** How zones are opened, and which there are already. */
interface Host {
  readonly log: Logger | undefined
  isConfigured(key: string): boolean
  /** @param known what is answered until it is transferred */
  open(key: string, primaries: readonly Primary[], id: string, known: Answers | undefined): Promise<Use>
}

/** The zones that catalogs list: each is transferred from where its catalog comes from, as long as it is listed. */
export class Catalogs {
  readonly #host: Host
  readonly #catalogs: Catalog[] = []
  readonly #listed = new Map<string, Listed>()

  constructor(host: Host) {
    this.#host = host
  }

  /** By key. */
  get listed(): ReadonlyMap<string, Listed> {
    return this.#listed
  }

  add(key: string, zone: SecondaryZone, accepted: ZoneSet): void {
    this.#catalogs.push({ key, zone, accepted, members: new Map() })
  }

  /** Opens and closes zones as the version that is held of `zone` says, where that is a catalog. */
  async follow(zone: SecondaryZone): Promise<void> {
    const catalog = this.#catalogs.find(catalog => catalog.zone === zone)
    if (!catalog || !zone.held) return
    const { log } = this.#host
    catalog.members = readCatalog(zone.held.zone)
    const accepted = new Map([...catalog.members].filter(([key]) => catalog.accepted.has(key)))
    for (const [key, { id }] of accepted) await this.#admit(catalog, key, id)
    for (const [key, { catalog: owner }] of this.#listed) if (owner === catalog && !accepted.has(key)) this.#remove(key)
    const rejected = catalog.members.size - accepted.size
    if (rejected > 0) log?.warn(`Skipped ${rejected} member zones from catalog ${zone.origin}: outside configured member zones`)
    log?.info(`Parsed catalog zone ${zone.origin} with ${catalog.members.size} member zones`)
  }

  async #admit(catalog: Catalog, key: string, id: string): Promise<void> {
    const before = this.#listed.get(key)
    if (before?.catalog === catalog && before.id === id) return
    const { log } = this.#host
    const name = `catalog member zone ${toText(key)}`
    const entry = before?.catalog.members.get(key)
    if (this.#host.isConfigured(key) || (before && before.catalog !== catalog && entry?.heir !== catalog.key)) {
      log?.warn(`Skipping ${name} from ${catalog.zone.origin}: zone already exists`)
      return
    }
    // Under another label, it is another zone of that name.
    const known = before?.id === id && entry?.id === id ? before.use.zone.answers : undefined
    const use = await this.#host.open(key, catalog.zone.source.primaries, id, known)
    before?.use.end()
    this.#listed.set(key, { catalog, id, use })
    const from = `from catalog ${catalog.zone.origin}`
    if (!before) log?.info(`Added ${name} ${from}`)
    else log?.info(`${known ? 'Migrated' : 'Reset'} ${name} ${from}, member ID ${id}`)
  }

  #remove(key: string): void {
    const { catalog, use } = this.#listed.get(key)!
    this.#listed.delete(key)
    use.end()
    this.#host.log?.info(`Removed catalog member zone ${toText(key)} from catalog ${catalog.zone.origin}`)
  }
}
