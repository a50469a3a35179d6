import { epochSeconds } from '../dns/epoch.ts'
import { keyBelow, standIn } from '../dns/name.ts'
import { type Sections, SectionsBuilder } from '../dns/sections.ts'

interface AuthorityOptions {
  /** How long negative answers may be kept, in seconds (RFC 2308 §4); by default the TTL. */
  readonly minimum: number
  /** The keys of the first name server and of the mailbox of a zone. */
  readonly server: (zone: string) => string
  readonly mailbox: (zone: string) => string
}

/**
 * SOA records. One stands in the authority section of every negative answer, and depends on nothing but two lengths: all its names end in
 * the zone's name, which is a pointer into the question, or have nothing to do with it. So each is compiled once for all names of a length.
 */
export class Authority {
  readonly #ttl: number
  readonly #options: AuthorityOptions
  readonly #negative = new Map<number, Sections>()
  #serial = 0

  /** @param ttl of the records, in seconds */
  constructor(ttl: number, options: Partial<AuthorityOptions> = {}) {
    this.#ttl = ttl
    this.#options = {
      minimum: ttl,
      server: zone => keyBelow(['ns', 'dns'], zone),
      mailbox: zone => keyBelow(['hostmaster'], zone),
      ...options,
    }
    this.touch()
  }

  /** The data has changed: the serial becomes the time, in seconds since 1970, when it did. */
  touch(second: number = epochSeconds()): void {
    if (second === this.#serial) return
    this.#serial = second
    this.#negative.clear()
  }

  /** No answers, and the SOA of `zone` as authority. @param key the name asked for, which is `zone` or below it */
  negative(zone: string, key: string): Sections {
    const lengths = (zone.length << 8) | key.length
    let sections = this.#negative.get(lengths)
    if (!sections) {
      const apex = standIn(zone.length)
      sections = this.#soa(new SectionsBuilder(standIn(key.length, apex)).authority(), apex)
      this.#negative.set(lengths, sections)
    }
    return sections
  }

  /** The SOA of `zone` as an answer. */
  answer(zone: string): Sections {
    return this.#soa(new SectionsBuilder(zone), zone)
  }

  #soa(builder: SectionsBuilder, zone: string): Sections {
    const { minimum, server, mailbox } = this.#options
    const soa = {
      mname: server(zone),
      rname: mailbox(zone),
      serial: this.#serial,
      refresh: 7200,
      retry: 1800,
      expire: 86400,
      minimum,
    }
    return builder.soa(zone, this.#ttl, soa).build()
  }
}
