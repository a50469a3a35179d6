/** Values by zone. */
import { isUnder, toKey } from './name.ts'
import { hashAbove, hashOf } from './name-hash.ts'
import { NameMap } from './name-map.ts'

/** Up to this many zones, comparing with each is faster than looking up each suffix of the name. */
const FEW = 8

/** Values by zone, found by the longest zone that holds a name. */
export class ZoneMap<T> {
  readonly #zones = new NameMap<T>()

  constructor(entries: Iterable<readonly [zoneKey: string, value: T]> = []) {
    for (const [zone, value] of entries) this.#zones.set(zone, value)
  }

  set(zone: string, value: T): void {
    this.#zones.set(zone, value)
  }

  get size(): number {
    return this.#zones.size
  }

  /** The value of exactly this zone. */
  get(zone: string): T | undefined {
    return this.#zones.get(zone)
  }

  values(): readonly T[] {
    return this.#zones.values()
  }

  /** The value of the longest zone that holds a name. @param hash of `key`, where it is known */
  find(key: string, hash?: number): T | undefined {
    return this.#zones.size <= FEW ? this.#findAmongFew(key) : this.#findByLabels(key, hash ?? hashOf(key))
  }

  #findAmongFew(key: string): T | undefined {
    const zones = this.#zones.keys()
    let longest = ''
    let found: T | undefined
    for (let i = 0; i < zones.length; i++) {
      const zone = zones[i]!
      if (zone.length > longest.length && isUnder(key, zone)) {
        longest = zone
        found = this.#zones.values()[i]
      }
    }
    return found
  }

  #findByLabels(key: string, hash: number): T | undefined {
    for (let at = 0; at < key.length; hash = hashAbove(hash, key, at), at += 1 + key.charCodeAt(at)) {
      const value = this.#zones.get(key, hash, at)
      if (value !== undefined) return value
    }
    return undefined
  }
}

/** A set of zones, as plugins take them in their arguments: `match` gives the longest zone (as key) that holds the name. */
export class ZoneSet extends ZoneMap<string> {
  /** @param names as text, such as `cluster.local.` */
  constructor(names: readonly string[]) {
    super(names.map(name => [toKey(name), toKey(name)]))
  }

  has(key: string): boolean {
    return this.find(key) !== undefined
  }
}
