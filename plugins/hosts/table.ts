import { toOctets, unmapped } from '#src/dns/address.ts'
import { ASTERISK, parentOf, toKey } from '#src/dns/name.ts'
import { hashOf, type Name } from '#src/dns/name-hash.ts'
import { NameMap } from '#src/dns/name-map.ts'
import type { ZoneSet } from '#src/dns/zone-map.ts'

/** Names by address. Most addresses have one: that is kept without a list around it. */
class Names extends NameMap<string | string[]> {
  add(address: string, name: string): void {
    const held = this.get(address)
    if (held === undefined) this.set(address, name)
    else if (typeof held === 'string') this.set(address, [held, name])
    else held.push(name)
  }

  of(address: string): readonly string[] {
    const held = this.get(address) ?? []
    return typeof held === 'string' ? [held] : held
  }
}

/** What hosts lines say (hosts(5)). Addresses are held as strings of 4 or 16 octets, names as keys. */
export class HostTable {
  readonly #zones: ZoneSet
  readonly #reverse: boolean
  /** The addresses of a name, one behind the other. */
  readonly #names4 = new NameMap<string>()
  readonly #names6 = new NameMap<string>()
  readonly #addresses = new Names()
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
    names.set(key, (names.get(key) ?? '') + octets)
    this.entries++
    const wildcard = key.startsWith(ASTERISK)
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
    this.#last = { text, octets: Buffer.from(unmapped(bytes)).toString('latin1') }
    return this.#last.octets
  }

  /** The addresses of a name, of 4 or 16 octets; where there is none, those of the wildcard in its place. */
  addressesOf(key: string, length: 4 | 16): readonly string[] {
    const names = length === 4 ? this.#names4 : this.#names6
    const octets = names.get(key) ?? names.get(ASTERISK + parentOf(key)) ?? ''
    return Array.from({ length: octets.length / length }, (_, i) => octets.slice(i * length, (i + 1) * length))
  }

  /** The key as it is held; undefined where no line has the name itself. */
  keyOf(key: string, hash = hashOf(key)): string | undefined {
    return this.#names4.keyOf(key, hash) ?? this.#names6.keyOf(key, hash)
  }

  /** Whether a line has the name or a wildcard in its place. */
  knows({ key, hash }: Name): boolean {
    return this.keyOf(key, hash) !== undefined || (this.#wildcards && this.keyOf(ASTERISK + parentOf(key)) !== undefined)
  }

  namesOf(octets: string): readonly string[] {
    return this.#addresses.of(octets)
  }
}
