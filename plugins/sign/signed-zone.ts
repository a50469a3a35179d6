import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { CLASS, TYPE } from '#src/dns/codes.ts'
import { octetsOf } from '#src/dns/master-file/octets.ts'
import { writeRecord } from '#src/dns/master-file/record.ts'
import { canonicalData } from '#src/dns/rebase.ts'
import { typeBitmap } from '#src/dns/type-bitmap.ts'
import type { Dnskey } from '#src/dnssec/dnskey.ts'
import { rrset, signatureOf } from '#src/dnssec/rrset.ts'
import type { ZoneKey } from '#src/dnssec/zone-key.ts'
import { orderOf } from '#src/zones/denials.ts'
import type { Node } from '#src/zones/node.ts'
import { RecordSet } from '#src/zones/record-set.ts'
import type { Zone } from '#src/zones/zone.ts'

/** Seconds since 1970. */
export interface Validity {
  readonly inception: number
  readonly expiration: number
}

/** Types that a signer makes anew, and does not take from the master file. */
const MADE: ReadonlySet<number> = new Set([TYPE.RRSIG, TYPE.NSEC, TYPE.DNSKEY, TYPE.CDS, TYPE.CDNSKEY])

/** How many names are signed at a time. */
const SLICE = 20
/** Names that are put in order between two turns of the event loop: about a millisecond. */
const RUN = 1000

/** A name, and the text that it is compared by. */
interface Ordered {
  readonly node: Node
  readonly order: string
}

/** A zone with the records of DNSSEC added: DNSKEY, CDS and CDNSKEY of its keys, NSEC of each name, and RRSIG (RFC 4035 §2, RFC 7344). */
export class SignedZone {
  readonly #zone: Zone
  readonly #keys: readonly ZoneKey[]
  readonly #validity: Validity
  readonly #serial: number

  constructor(zone: Zone, keys: readonly ZoneKey[], validity: Validity, serial: number) {
    this.#zone = zone
    this.#keys = keys
    this.#validity = validity
    this.#serial = serial
  }

  /** Its master file, in pieces of some names each, the SOA record first. */
  async *lines(): AsyncIterable<string> {
    const nodes = await this.#inOrder()
    const next = nextOf(nodes)
    for (let at = 0; at < nodes.length; at += SLICE) {
      const written = nodes.slice(at, at + SLICE).map((node, i) => this.#linesOf(node, next[at + i]))
      yield (await Promise.all(written)).join('')
    }
  }

  /** The names with records, in their order (RFC 4034 §6.1): runs of them are sorted, and then merged by twos. */
  async #inOrder(): Promise<Node[]> {
    let runs: Ordered[][] = []
    const { nodes } = this.#zone
    for (let at = 0; at < nodes.length; at += RUN) {
      const known = nodes.slice(at, at + RUN).filter(node => this.#setsOf(node).length > 0)
      runs.push(known.map(node => ({ node, order: orderOf(node.key) })).sort((a, b) => (a.order < b.order ? -1 : 1)))
      await nextTurn()
    }
    while (runs.length > 1) {
      const merged: Ordered[][] = []
      for (let i = 0; i < runs.length; i += 2) merged.push(await merge(runs[i]!, runs[i + 1] ?? []))
      runs = merged
    }
    return runs[0]!.map(({ node }) => node)
  }

  /** The lines of one name. @param next key of the name behind it; undefined for a name that belongs to another zone, and is not signed */
  async #linesOf(node: Node, next: string | undefined): Promise<string> {
    const sets = this.#setsOf(node)
    const signed = new Set(next === undefined ? [] : node.isCut ? sets.filter(({ type }) => type === TYPE.DS) : sets)
    if (next !== undefined) {
      const told = node.isCut ? sets.filter(({ type }) => type === TYPE.DS || type === TYPE.NS) : sets
      const types = typeBitmap([...told.map(({ type }) => type), TYPE.RRSIG, TYPE.NSEC])
      const nsec = new RecordSet(TYPE.NSEC, this.#zone.negativeSoa.ttl, [next + types])
      sets.push(nsec)
      signed.add(nsec)
    }
    const written = sets.map(async set => {
      const signatures = signed.has(set) ? await this.#sign(node.key, set) : []
      return [...set.data.map(data => line(node.key, set, set.type, data)), ...signatures].join('')
    })
    return (await Promise.all(written)).join('')
  }

  #sign(owner: string, set: RecordSet): Promise<string[]> {
    const { type, ttl, data } = set
    const canonical = rrset(
      owner,
      type,
      data.map(octets => canonicalData(type, octets)),
    )
    const terms = { signer: this.#zone.key, ttl, ...this.#validity }
    return Promise.all(this.#keys.map(async key => line(owner, set, TYPE.RRSIG, await signatureOf(canonical, key, terms))))
  }

  /** All records of a name but NSEC. */
  #setsOf(node: Node): RecordSet[] {
    const sets = node.sets.filter(({ type, data }) => !MADE.has(type) && data.length > 0)
    if (node !== this.#zone.apex) return sets
    const { soa } = this.#zone
    const [octets] = soa.data as [string]
    const renewed = new RecordSet(TYPE.SOA, soa.ttl, [octets.slice(0, -20) + octetsOf(this.#serial, 4) + octets.slice(-16)])
    return [renewed, ...sets.filter(set => set !== soa), ...this.#keySets(soa.ttl)]
  }

  #keySets(ttl: number): RecordSet[] {
    const keys = this.#keys.map(({ dnskey }) => dnskey)
    const digests = keys.flatMap(key => [digestOf(key, this.#zone.key, 'sha1', 1), digestOf(key, this.#zone.key, 'sha256', 2)])
    const data = keys.map(key => key.data)
    return [new RecordSet(TYPE.DNSKEY, ttl, data), new RecordSet(TYPE.CDS, ttl, digests), new RecordSet(TYPE.CDNSKEY, ttl, data)]
  }
}

/** Two runs as one. */
async function merge(one: readonly Ordered[], other: readonly Ordered[]): Promise<Ordered[]> {
  const merged: Ordered[] = []
  for (let [i, j] = [0, 0]; i < one.length || j < other.length; ) {
    const isOne = j === other.length || (i < one.length && one[i]!.order < other[j]!.order)
    merged.push(isOne ? one[i++]! : other[j++]!)
    if (merged.length % RUN === 0) await nextTurn()
  }
  return merged
}

/** For each of the names, which are in order, the key of the one behind it, behind the last the first; undefined for names that are not signed. */
function nextOf(nodes: readonly Node[]): (string | undefined)[] {
  let next = nodes[0]!.key
  const found = nodes.toReversed().map(node => {
    if (isBelow(node)) return undefined
    const behind = next
    next = node.key
    return behind
  })
  return found.reverse()
}

/** Whether the name lies in another zone, or below a DNAME. */
function isBelow(node: Node): boolean {
  const barrier = node.barrier(true)
  return barrier !== undefined && barrier !== node
}

/** Data of a DS record (RFC 4034 §5.1). @param number of the hash (IANA "Digest Algorithms") */
function digestOf({ data, tag, algorithmNumber }: Dnskey, owner: string, hash: string, number: number): string {
  const digest = createHash(hash)
    .update(Buffer.from(owner + data, 'latin1'))
    .digest('latin1')
  return octetsOf(tag, 2) + String.fromCharCode(algorithmNumber, number) + digest
}

const line = (owner: string, { ttl }: RecordSet, type: number, data: string): string =>
  `${writeRecord({ owner, ttl, class: CLASS.IN, type, data })}\n`
