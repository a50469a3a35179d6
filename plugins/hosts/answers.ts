import { octetsOfReverse } from '#src/dns/address.ts'
import { AddressRecords, addressOctets } from '#src/dns/address-records.ts'
import { TYPE } from '#src/dns/codes.ts'
import type { Name } from '#src/dns/name-hash.ts'
import { NameMap } from '#src/dns/name-map.ts'
import { NO_RECORDS, type Sections, SectionsBuilder } from '#src/dns/sections.ts'
import type { HostTable } from './table.ts'

/** More PTR records than this are not sent: a list of blocked names gives one address to all of them. */
const MAX_NAMES = 1000

/** Of a single address, as most names have it, no more than its octets: see `addressOctets`. */
type Compiled = NameMap<Sections | string>

/** What the tables answer, compiled at the first query for each name and type. A changed table gets new `Answers`. */
export class Answers {
  readonly #tables: readonly HostTable[]
  readonly #ttl: number
  readonly #compiled4: Compiled = new NameMap()
  readonly #compiled6: Compiled = new NameMap()
  readonly #compiledNames = new NameMap<Sections>()

  /** @param ttl of every record, in seconds */
  constructor(tables: readonly HostTable[], ttl: number) {
    this.#tables = tables
    this.#ttl = ttl
  }

  /** The records of a name; none for a type that it does not have, undefined for a name that is not known. */
  forward(name: Name, type: number): Sections | undefined {
    const { key, hash } = name
    const compiled = type === TYPE.A ? this.#compiled4 : type === TYPE.AAAA ? this.#compiled6 : undefined
    const records = compiled?.get(key, hash)
    if (typeof records === 'string') return new AddressRecords(key, records)
    if (records) return records
    if (!this.#tables.some(table => table.knows(name))) return undefined
    return compiled ? this.#compile(name, type === TYPE.A ? 4 : 16, compiled) : NO_RECORDS
  }

  /** The names of the address that a reverse name stands for. */
  reverse({ key, hash }: Name): Sections | undefined {
    const compiled = this.#compiledNames.get(key, hash)
    if (compiled) return compiled
    const octets = octetsOfReverse(key)
    if (!octets) return undefined
    const address = Buffer.from(octets).toString('latin1')
    const names = new Set(this.#tables.flatMap(table => table.namesOf(address).slice(0, MAX_NAMES)))
    if (names.size === 0) return undefined
    const sections = new SectionsBuilder(key)
    for (const name of names) sections.name(key, TYPE.PTR, this.#ttl, name)
    const built = sections.build()
    this.#compiledNames.set(key, built, hash)
    return built
  }

  /** The addresses of all tables, each once (RFC 2181 §5). */
  #compile({ key, hash }: Name, length: 4 | 16, compiled: Compiled): Sections {
    const addresses = [...new Set(this.#tables.flatMap(table => table.addressesOf(key, length)))]
    const octets = addressOctets(addresses, this.#ttl)
    const records = octets === '' ? NO_RECORDS : new AddressRecords(key, octets)
    for (const table of this.#tables) {
      const held = table.keyOf(key, hash)
      // A wildcard stands for names without end; only the names of the tables are kept.
      if (held === undefined) continue
      compiled.set(held, addresses.length === 1 ? octets : records, hash)
      break
    }
    return records
  }
}
