import { toOctets } from '#src/dns/address.ts'
import { parentOf, toKey } from '#src/dns/name.ts'
import { hashOf, type Name } from '#src/dns/name-hash.ts'
import { NameMap } from '#src/dns/name-map.ts'
import type { ZoneSet } from '#src/dns/zone-map.ts'

/** Lists of values by key. */
class Lists extends NameMap<string[]> {
  add(key: string, value: string): void {
    const list = this.get(key)
    if (list) list.push(value)
    else this.set(key, [value])
  }
}

const WILDCARD = '\x01*'
const MAPPED = Buffer.from('00000000000000000000ffff', 'hex').toString('latin1')

/** What hosts lines say (hosts(5)). Addresses are held as strings of 4 or 16 octets, names as keys. */
export class HostTable {
  readonly #zones: ZoneSet
  readonly #reverse: boolean
  readonly #names4 = new Lists()
  readonly #names6 = new Lists()
  /** Names for addresses. */
  readonly #addresses = new Lists()
  #wildcards = false
  #last = { text: '', octets: '' }
  /** Addresses of names and names of addresses. */
  entries = 0

  /**
   * @param zones names outside are left out
   * @param reverse whether addresses get their names
   */
  constructor(zones: ZoneSet, reverse: boolean) {
    this.#zones = zones
    this.#reverse = reverse
  }

  /** Takes in one line. @returns the word that is no address or name, where there is one; the rest of the line counts all the same */
  add(line: string): string | undefined {
    const comment = line.indexOf('#')
    const [address, ...names] = (comment < 0 ? line : line.slice(0, comment)).trim().split(/\s+/)
    if (!address) return undefined
    const octets = this.#octets(address)
    if (octets === undefined) return address
    let bad: string | undefined
    for (const name of names) {
      try {
        this.#addName(toKey(name), octets)
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
        bad = name
      }
    }
    return bad
  }

  #addName(key: string, octets: string): void {
    if (!this.#zones.has(key)) return
    const names = octets.length === 4 ? this.#names4 : this.#names6
    names.add(key, octets)
    this.entries++
    const wildcard = key.startsWith(WILDCARD)
    this.#wildcards ||= wildcard
    if (wildcard || !this.#reverse) return
    this.#addresses.add(octets, key)
    this.entries++
  }

  /** The octets of an address, its zone index left out. Lines of one address tend to stand together. */
  #octets(text: string): string | undefined {
    if (text === this.#last.text) return this.#last.octets
    const bytes = toOctets(text.replace(/%.*/, ''))
    if (!bytes) return undefined
    const octets = Buffer.from(bytes).toString('latin1')
    this.#last = { text, octets: octets.startsWith(MAPPED) ? octets.slice(12) : octets }
    return this.#last.octets
  }

  /** The addresses of a name, of 4 or 16 octets; where there is none, those of the wildcard in its place. */
  addressesOf(key: string, length: 4 | 16): readonly string[] {
    const names = length === 4 ? this.#names4 : this.#names6
    return names.get(key) ?? names.get(WILDCARD + parentOf(key)) ?? []
  }

  /** Whether a line has the name itself. */
  has(key: string, hash = hashOf(key)): boolean {
    return this.#names4.has(key, hash) || this.#names6.has(key, hash)
  }

  /** Whether a line has the name or a wildcard in its place. */
  knows({ key, hash }: Name): boolean {
    return this.has(key, hash) || (this.#wildcards && this.has(WILDCARD + parentOf(key)))
  }

  namesOf(octets: string): readonly string[] {
    return this.#addresses.get(octets) ?? []
  }
}
