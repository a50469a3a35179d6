import { CLASS, className, TYPE, typeName } from '../dns/codes.ts'
import type { MasterRecord } from '../dns/master-file/record.ts'
import { isUnder, parentOf, toText } from '../dns/name.ts'
import { hashAbove, hashOf } from '../dns/name-hash.ts'
import { NameMap } from '../dns/name-map.ts'
import type { ZoneRecord, ZoneVersion } from '../plugin.ts'
import { Denials } from './denials.ts'
import { Node } from './node.ts'
import { RecordSet } from './record-set.ts'

/** Names with records and names above such. */
const MAX_NAMES = 2_000_000

/** Where a name is in a zone. */
export interface Place {
  /** The name itself, or the closest one above it (RFC 4592 §3.3.1). */
  readonly node: Node
  readonly isExact: boolean
  /** See {@link Node.barrier}. */
  readonly barrier: Node | undefined
}

/** The records of a zone by name. */
export class Zone implements ZoneVersion {
  readonly key: string
  readonly apex: Node
  readonly denials = new Denials()
  readonly #nodes = new NameMap<Node>()
  #last: Node
  #negativeSoa: RecordSet | undefined

  constructor(key: string) {
    this.key = key
    this.apex = new Node(key, undefined)
    this.#nodes.set(key, this.apex)
    this.#last = this.apex
  }

  /**
   * Takes in a record. False for one that is not below the zone.
   * @throws {RangeError} one that a zone cannot have
   */
  add({ owner, type, class: classCode, ttl, data }: MasterRecord): boolean {
    if (type === TYPE.SOA && owner !== this.key)
      throw new RangeError(`the SOA record is of ${toText(owner)}, the zone is ${toText(this.key)}`)
    if (!isUnder(owner, this.key)) return false
    if (classCode !== CLASS.IN) throw new RangeError(`class ${className(classCode)} in a zone of class IN`)
    if (type === TYPE.NSEC3 || type === TYPE.NSEC3PARAM)
      throw new RangeError(`zones with ${typeName(type)} records are not supported`)
    const soa = type === TYPE.SOA ? this.apex.get(TYPE.SOA) : undefined
    if (soa && soa.data[0] !== data) throw new RangeError('a second SOA record')
    if (owner !== this.#last.key) this.#last = this.#node(owner)
    if (type === TYPE.NSEC && !this.#last.get(TYPE.NSEC)) this.denials.add(this.#last)
    this.#last.add(type, ttl, data)
    return true
  }

  /** To be called when all records have been added. @throws {RangeError} the zone has no SOA record */
  complete(): void {
    if (!this.apex.get(TYPE.SOA)) throw new RangeError(`no SOA record for ${toText(this.key)}`)
    this.denials.sort()
    const { ttl, data, signatures } = this.soa
    const [soa] = data as [string]
    this.#negativeSoa = new RecordSet(TYPE.SOA, Math.min(ttl, uint32(soa, soa.length - 4)), data)
    this.#negativeSoa.signatures = signatures
  }

  /** The SOA record that comes with negative answers: none is kept longer than MINIMUM says (RFC 2308 §3). */
  get negativeSoa(): RecordSet {
    return this.#negativeSoa!
  }

  get soa(): RecordSet {
    return this.apex.get(TYPE.SOA)!
  }

  get serial(): number {
    return serialOf(this.soa.data[0]!)
  }

  /** How the SOA record asks secondaries to keep the zone (RFC 1035 §3.3.13), in seconds; each at least one, as in CoreDNS. */
  get timing(): { readonly refresh: number; readonly retry: number; readonly expire: number } {
    const [soa] = this.soa.data as [string]
    const seconds = (behind: number) => Math.max(1, uint32(soa, soa.length - behind))
    return { refresh: seconds(16), retry: seconds(12), expire: seconds(8) }
  }

  /** Whether its names say what is between them (RFC 4034 §4). */
  get isSigned(): boolean {
    return this.apex.get(TYPE.NSEC) !== undefined
  }

  /** Every record once, the SOA record first. */
  *records(): Iterable<ZoneRecord> {
    yield* recordsOf(this.key, this.soa)
    for (const { key, sets } of this.nodes) for (const set of sets) if (set !== this.soa) yield* recordsOf(key, set)
  }

  #node(key: string): Node {
    const held = this.#nodes.get(key)
    if (held) return held
    if (this.#nodes.size >= MAX_NAMES) throw new RangeError(`more than ${MAX_NAMES} names`)
    const made = new Node(key, this.#node(parentOf(key)))
    this.#nodes.set(key, made)
    return made
  }

  /** In any order. */
  get nodes(): readonly Node[] {
    return this.#nodes.values()
  }

  get(key: string): Node | undefined {
    return this.#nodes.get(key)
  }

  /** @param key of the zone or below it */
  find(key: string, hash = hashOf(key)): Place {
    for (let at = 0; ; hash = hashAbove(hash, key, at), at += 1 + key.charCodeAt(at)) {
      const node = this.#nodes.get(key, hash, at)
      if (node) return { node, isExact: at === 0, barrier: node.barrier(at === 0) }
    }
  }
}

function* recordsOf(owner: string, { type, ttl, data, signatures }: RecordSet): Iterable<ZoneRecord> {
  for (const octets of data) yield { owner, type, ttl, data: octets }
  for (const octets of signatures) yield { owner, type: TYPE.RRSIG, ttl, data: octets }
}

/** The serial in the data of an SOA record. */
export const serialOf = (soa: string): number => uint32(soa, soa.length - 20)

/** Serial number arithmetic (RFC 1982 §3.2), in which half of the way round is not newer. */
export const isNewer = (serial: number, known: number): boolean => ((serial - known) | 0) > 0

const uint32 = (octets: string, at: number): number => Buffer.from(octets.slice(at, at + 4), 'latin1').readUInt32BE()
