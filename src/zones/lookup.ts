import { RCODE, TYPE } from '../dns/codes.ts'
import { ASTERISK, endOfKey, isUnder, lowerCase } from '../dns/name.ts'
import type { Draft, Part } from './compiled.ts'
import type { Node } from './node.ts'
import { RecordSet } from './record-set.ts'
import type { Place, Zone } from './zone.ts'

/** Names that lead on to others, in one reply. */
const MAX_ALIASES = 10
/** Names whose addresses come along. */
const MAX_TARGETS = 100

/** The types whose records name a host, and the octets before that name; its addresses are sent along. */
const TARGETS: ReadonlyMap<number, number> = new Map([
  [TYPE.NS, 0],
  [TYPE.MX, 2],
  [TYPE.SRV, 6],
  [TYPE.SVCB, 2],
  [TYPE.HTTPS, 2],
])

/** How a lookup ended: with records, with none of that type, without such a name, at another zone, at a name that the zone does not have, or in a circle. */
type Ending = 'found' | 'no data' | 'no name' | 'referral' | 'beyond' | 'loop'

/** What a zone has for one name and type (RFC 1034 §4.3.2, RFC 4592, RFC 6672). */
export class Lookup implements Draft {
  readonly #zone: Zone
  readonly #type: number
  /** Whether the zone is signed, and the client wants to see it (RFC 4035 §3.1). */
  readonly #signed: boolean
  rcode: number = RCODE.NOERROR
  readonly answers: Part[] = []
  readonly authority: Part[] = []
  readonly additional: Part[] = []
  /** The name that has to be asked for elsewhere. */
  target = ''
  ending: Ending = 'found'

  constructor(zone: Zone, type: number, signed: boolean) {
    this.#zone = zone
    this.#type = type
    this.#signed = signed
  }

  /** @param place where `name` is in the zone */
  run(name: string, place: Place): this {
    const seen = new Set<string>()
    let next: string | undefined = name
    while (next !== undefined) {
      const at: Place | undefined = next === name ? place : this.#placeOf(next)
      if (seen.has(next)) this.ending = 'loop'
      else if (!at) this.#leave(next)
      else if (seen.size < MAX_ALIASES) {
        seen.add(next)
        next = this.#step(next, at)
        continue
      } else this.#nameServers()
      break
    }
    return this
  }

  /** Where the zone has the target of an alias; undefined where it has no records of it: another server block or plugin may. */
  #placeOf(target: string): Place | undefined {
    if (!isUnder(target, this.#zone.key)) return undefined
    const place = this.#zone.find(target)
    return place.barrier || (place.isExact && !place.node.isBare(this.#type)) ? place : undefined
  }

  #leave(target: string): void {
    this.target = target
    this.ending = 'beyond'
  }

  /** @returns the name to go on with */
  #step(name: string, { node, isExact, barrier }: Place): string | undefined {
    if (barrier) {
      const dname = barrier.key.length < name.length ? barrier.get(TYPE.DNAME) : undefined
      if (dname) return this.#rename(name, barrier, dname)
      // The zone above answers for DS (RFC 4035 §3.1.4.1).
      if (this.#type !== TYPE.DS || name !== barrier.key) return this.#refer(barrier)
    }
    const source = isExact ? node : this.#zone.get(ASTERISK + node.key)
    if (!source) return this.#deny(name, node)
    const alias = this.#seesThroughAliases(source) ? undefined : source.get(TYPE.CNAME)
    const set = alias ?? this.#setOf(source)
    if (!set) return this.#noData(name, source, isExact)
    this.answers.push({ owner: name, set })
    if (!isExact) this.#prove(name)
    if (alias) return lowerCase(alias.data[0]!)
    if (set.type !== TYPE.NS || source !== this.#zone.apex) this.#nameServers()
    this.#addTargets(set, set.type === TYPE.NS ? name : this.#zone.key)
    return undefined
  }

  /** What makes the zone counts, though nothing should stand beside a CNAME (RFC 1034 §3.6.2): without it, nobody could find the zone. */
  #seesThroughAliases(node: Node): boolean {
    return this.#type === TYPE.CNAME || (node === this.#zone.apex && (this.#type === TYPE.SOA || this.#type === TYPE.NS))
  }

  #setOf(node: Node): RecordSet | undefined {
    if (this.#type === TYPE.ANY) return node.first
    return this.#type === TYPE.RRSIG ? node.signatures : node.get(this.#type)
  }

  /** The name with the end that DNAME gives it, as a CNAME record of it (RFC 6672 §3.1). */
  #rename(name: string, owner: Node, dname: RecordSet): string | undefined {
    const target = name.slice(0, -owner.key.length) + dname.data[0]!
    this.answers.push({ owner: owner.key, set: dname })
    if (target.length > 255) {
      this.rcode = RCODE.YXDOMAIN
      return undefined
    }
    this.answers.push({ owner: name, set: new RecordSet(TYPE.CNAME, dname.ttl, [target]) })
    if (this.#type !== TYPE.CNAME) return lowerCase(target)
    this.#nameServers()
    return undefined
  }

  #refer(cut: Node): undefined {
    const servers = cut.get(TYPE.NS)!
    this.authority.push({ owner: cut.key, set: servers })
    // That the other zone is signed, or that it is not (RFC 4035 §3.1.4).
    const proof = this.#signed && (cut.get(TYPE.DS) ?? cut.get(TYPE.NSEC))
    if (proof) this.authority.push({ owner: cut.key, set: proof })
    this.#addTargets(servers, cut.key)
    this.ending = 'referral'
  }

  #noData(name: string, source: Node, isExact: boolean): undefined {
    this.#addSoa()
    if (!isExact || source.isEmpty) this.#prove(name)
    const proof = this.#signed && source.get(TYPE.NSEC)
    if (proof) this.#addProof(source)
    this.ending = 'no data'
  }

  #deny(name: string, encloser: Node): undefined {
    this.#addSoa()
    this.#prove(name)
    this.#prove(ASTERISK + encloser.key)
    this.rcode = RCODE.NXDOMAIN
    this.ending = 'no name'
  }

  /** That there is no such name (RFC 4035 §3.1.3). */
  #prove(name: string): void {
    const node = this.#signed ? this.#zone.denials.before(name) : undefined
    if (node) this.#addProof(node)
  }

  #addProof(node: Node): void {
    const set = node.get(TYPE.NSEC)!
    if (!this.authority.some(part => part.set === set)) this.authority.push({ owner: node.key, set })
  }

  #addSoa(): void {
    this.authority.push({ owner: this.#zone.key, set: this.#zone.negativeSoa })
  }

  #nameServers(): void {
    const set = this.#zone.apex.get(TYPE.NS)
    if (set) this.authority.push({ owner: this.#zone.key, set })
  }

  /**
   * What comes along with an alias to a name that was asked for elsewhere.
   * @param data of the records that were found there
   * @param proofs names of the zone whose NSEC records came along
   */
  end(isKnown: boolean, data: string[], proofs: readonly string[]): void {
    if (isKnown) this.#nameServers()
    else this.#addSoa()
    for (const node of proofs.map(key => this.#zone.get(key))) if (node?.get(TYPE.NSEC)) this.#addProof(node)
    this.#addTargets({ type: this.#type, data }, this.#zone.key)
  }

  /** The addresses of the hosts that records name, as far as they are below `parent`. */
  #addTargets({ type, data }: Pick<RecordSet, 'type' | 'data'>, parent: string): void {
    const before = TARGETS.get(type)
    if (before === undefined) return
    const hosts = new Set(data.map(octets => lowerCase(octets.slice(before, endOfKey(octets, before)))))
    for (const host of [...hosts].slice(0, MAX_TARGETS)) {
      const node = isUnder(host, parent) ? this.#zone.get(host) : undefined
      for (const family of [TYPE.A, TYPE.AAAA]) {
        const set = node?.get(family)
        if (set) this.additional.push({ owner: host, set })
      }
    }
  }
}
