import { isDeepStrictEqual } from 'node:util'
import { LRUCache } from 'lru-cache'
import { TYPE } from '#src/dns/codes.ts'
import { epochSeconds } from '#src/dns/epoch.ts'
import { type RRset, signatureOf, type Terms } from '#src/dnssec/rrset.ts'
import type { ZoneKey } from '#src/dnssec/zone-key.ts'
import { CellsByServer, type Metrics } from '#src/metrics.ts'

const HOUR = 3600
const DAY = 24 * HOUR

/** The TTL that is signed, in seconds: the original one of the records is not known here. */
const TTL = 3600
/** Signatures are valid from BEFORE ago, as clocks differ, to AHEAD from now, and are renewed when no more than LEFT remains; in seconds. */
const [BEFORE, AHEAD, LEFT] = [3 * HOUR, 8 * DAY, 2 * DAY]

/** How many sets may be signed at a time. The last of them waits for all others. */
const MAX_IN_FLIGHT = 1000

/** The signatures of one set. */
interface Held {
  /** Data of the RRSIG records, as octets. */
  readonly data: readonly string[]
  /** Seconds since 1970. */
  readonly inception: number
  readonly expiration: number
}

/** Makes signatures and keeps them; the least recently used make room for new ones. */
export class Signatures {
  readonly #keys: readonly ZoneKey[]
  /** Whether some of the keys sign only keys, and the others everything else. */
  readonly #isSplit: boolean
  /** By zone and set. */
  #held: LRUCache<string, Held>
  readonly #inFlight = new Map<string, Promise<Held>>()
  readonly #hits: CellsByServer
  readonly #misses: CellsByServer
  readonly #entries: CellsByServer

  constructor(keys: readonly ZoneKey[], capacity: number, metrics: Metrics) {
    this.#keys = keys
    this.#isSplit = new Set(keys.map(({ dnskey }) => dnskey.isEntryPoint)).size > 1
    this.#held = new LRUCache({ max: capacity })
    this.#hits = new CellsByServer(metrics.counter('coredns_dnssec_cache_hits_total', 'The count of cache hits.'))
    this.#misses = new CellsByServer(metrics.counter('coredns_dnssec_cache_misses_total', 'The count of cache misses.'))
    const entries = metrics.gauge('coredns_dnssec_cache_entries', 'The number of elements in the dnssec cache.', { parts: true })
    this.#entries = new CellsByServer(entries, { type: 'signature' })
  }

  /** Takes over the signatures of a previous instance with the same keys. */
  adopt(previous: Signatures): void {
    if (previous.#held.max === this.#held.max && isDeepStrictEqual(dataOf(previous.#keys), dataOf(this.#keys)))
      this.#held = previous.#held
  }

  /**
   * The data of a set's RRSIG records; undefined where too many sets are being signed.
   * @param signer key of the zone
   * @param server label of the listener
   */
  of(set: RRset, signer: string, server: string): readonly string[] | Promise<readonly string[]> | undefined {
    const { owner, type, data } = set
    const id = `${signer}${owner}${String.fromCharCode(type, ...data.map(({ length }) => length))}${data.join('')}`
    const now = epochSeconds()
    const held = this.#held.get(id)
    // What was made while the clock was ahead is not valid yet when it has been set back.
    if (held && held.inception <= now && held.expiration - now > LEFT) {
      this.#hits.of(server).value++
      return held.data
    }
    this.#misses.of(server).value++
    const pending =
      this.#inFlight.get(id) ?? this.#begin(id, set, { signer, ttl: TTL, inception: now - BEFORE, expiration: now + AHEAD })
    return pending?.then(({ data }) => {
      this.#entries.of(server).value = this.#held.size
      return data
    })
  }

  #begin(id: string, set: RRset, terms: Terms): Promise<Held> | undefined {
    if (this.#inFlight.size >= MAX_IN_FLIGHT) return undefined
    const pending = this.#sign(set, terms).finally(() => this.#inFlight.delete(id))
    this.#inFlight.set(id, pending)
    return pending.then(held => {
      this.#held.set(id, held)
      return held
    })
  }

  async #sign(set: RRset, terms: Terms): Promise<Held> {
    const { inception, expiration } = terms
    const keys = this.#isSplit
      ? this.#keys.filter(({ dnskey }) => dnskey.isEntryPoint === (set.type === TYPE.DNSKEY))
      : this.#keys
    return { data: await Promise.all(keys.map(key => signatureOf(set, key, terms))), inception, expiration }
  }
}

const dataOf = (keys: readonly ZoneKey[]): string[] => keys.map(({ dnskey }) => dnskey.data)
