import { octetsOfReverse } from '#src/dns/address.ts'
import { TYPE } from '#src/dns/codes.ts'
import type { Name } from '#src/dns/name-hash.ts'
import { type Named, NameMap } from '#src/dns/name-map.ts'
import { NO_RECORDS, type Sections, SectionsBuilder } from '#src/dns/sections.ts'
import type { HostTable } from './table.ts'

/** More PTR records than this are not sent: a list of blocked names gives one address to all of them. */
const MAX_NAMES = 1000

/** What was asked for of a name. */
class Compiled implements Named {
  readonly key: string
  ipv4: Sections | undefined
  ipv6: Sections | undefined
  names: Sections | undefined

  constructor(key: string) {
    this.key = key
  }
}

/** What the tables answer, compiled at the first query for each name and type. A changed table gets new `Answers`. */
export class Answers {
  readonly #tables: readonly HostTable[]
  readonly #ttl: number
  readonly #compiled = new NameMap<Compiled>()

  /** @param ttl of every record, in seconds */
  constructor(tables: readonly HostTable[], ttl: number) {
    this.#tables = tables
    this.#ttl = ttl
  }

  /** The records of a name; none for a type that it does not have, undefined for a name that is not known. */
  forward(name: Name, type: number): Sections | undefined {
    const compiled = this.#compiled.get(name.key, name.hash)
    const records = type === TYPE.A ? compiled?.ipv4 : type === TYPE.AAAA ? compiled?.ipv6 : undefined
    if (records) return records
    if (!this.#tables.some(table => table.knows(name))) return undefined
    if (type === TYPE.A) return this.#keep(name, 'ipv4', this.#addressRecords(name.key, 4))
    if (type === TYPE.AAAA) return this.#keep(name, 'ipv6', this.#addressRecords(name.key, 16))
    return NO_RECORDS
  }

  /** The names of the address that a reverse name stands for. */
  reverse(name: Name): Sections | undefined {
    const { key, hash } = name
    const compiled = this.#compiled.get(key, hash)?.names
    if (compiled) return compiled
    const octets = octetsOfReverse(key)
    if (!octets) return undefined
    const address = Buffer.from(octets).toString('latin1')
    const names = new Set(this.#tables.flatMap(table => table.namesOf(address).slice(0, MAX_NAMES)))
    if (names.size === 0) return undefined
    const sections = new SectionsBuilder(key)
    for (const name of names) sections.name(key, TYPE.PTR, this.#ttl, name)
    return this.#keep(name, 'names', sections.build())
  }

  #keep({ key, hash }: Name, as: 'ipv4' | 'ipv6' | 'names', sections: Sections): Sections {
    // A wildcard stands for names without end; only the names of the tables are kept.
    if (as !== 'names' && !this.#tables.some(table => table.has(key, hash))) return sections
    let compiled = this.#compiled.get(key, hash)
    if (!compiled) {
      compiled = new Compiled(key)
      this.#compiled.set(compiled)
    }
    compiled[as] = sections
    return sections
  }

  /** The addresses of all tables, each once (RFC 2181 §5). */
  #addressRecords(key: string, length: 4 | 16): Sections {
    const sections = new SectionsBuilder(key)
    const addresses = new Set(this.#tables.flatMap(table => table.addressesOf(key, length)))
    for (const address of addresses) sections.address(key, this.#ttl, Buffer.from(address, 'latin1'))
    return sections.build()
  }
}
