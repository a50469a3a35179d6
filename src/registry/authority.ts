import { ROOT } from '../dns/name.ts'
import { type Sections, SectionsBuilder } from '../dns/sections.ts'
import { keyBelow } from './key-below.ts'

/**
 * SOA records. One stands in the authority section of every negative answer, and depends on nothing but two lengths: all its names end in
 * the zone's name, which is a pointer into the question. So each is compiled once for all names of a length.
 */
export class Authority {
  readonly #ttl: number
  readonly #negative = new Map<number, Sections>()
  #serial = 0

  /** @param ttl of the records, and so of negative answers (RFC 2308 §4), in seconds */
  constructor(ttl: number) {
    this.#ttl = ttl
    this.touch()
  }

  /** The data has changed: the serial becomes the present second. */
  touch(): void {
    const now = Math.floor(Date.now() / 1000)
    if (now === this.#serial) return
    this.#serial = now
    this.#negative.clear()
  }

  /** No answers, and the SOA of `zone` as authority. @param key the name asked for, which is `zone` or below it */
  negative(zone: string, key: string): Sections {
    const lengths = (zone.length << 8) | key.length
    let sections = this.#negative.get(lengths)
    if (!sections) {
      // Octets of no real name, so that nothing in front of the zone is taken for a part of the SOA's own names.
      const apex = filler(zone.length - 1) + ROOT
      sections = this.#soa(new SectionsBuilder(filler(key.length - zone.length) + apex).authority(), apex)
      this.#negative.set(lengths, sections)
    }
    return sections
  }

  /** The SOA of `zone` as the answer to who asks for it. */
  answer(zone: string): Sections {
    return this.#soa(new SectionsBuilder(zone), zone)
  }

  #soa(builder: SectionsBuilder, zone: string): Sections {
    const [mname, rname] = [keyBelow(['ns', 'dns'], zone), keyBelow(['hostmaster'], zone)]
    const soa = { mname, rname, serial: this.#serial, refresh: 7200, retry: 1800, expire: 86400, minimum: this.#ttl }
    return builder.soa(zone, this.#ttl, soa).build()
  }
}

/** The labels of a relative key that is `length` octets long; no label is shorter than two octets, so 1 is no length. */
function filler(length: number): string {
  if (length === 0) return ''
  const label = length > 64 ? Math.min(63, length - 3) : length - 1
  return String.fromCharCode(label) + '\xff'.repeat(label) + filler(length - label - 1)
}
