import { RCODE, TYPE } from '#src/dns/codes.ts'
import { isUnder, parentOf } from '#src/dns/name.ts'
import type { ZoneSet } from '#src/dns/zone-map.ts'
import type { Query, Reply } from '#src/plugin.ts'
import { denialOf, referralOf } from './denial.ts'
import { type Part, type Parts, partsOf } from './parts.ts'

/** The records of a reply, with the zone that is to sign each, and the records that prove what it denies. */
export class Draft {
  readonly parts: Parts
  /** The reply's own, or NOERROR where a denial is proved: the proof says that the name exists, without records of the type (RFC 9824). */
  rcode: number
  readonly #zones: ZoneSet
  readonly #type: number

  constructor(query: Query, { rcode, sections }: Reply, zones: ZoneSet) {
    this.parts = partsOf(query, sections)
    this.rcode = rcode
    this.#zones = zones
    this.#type = query.type
    const [answers, authority, additional] = this.parts
    for (const part of answers) this.#appoint(part)
    const isAnswered = answers.some(({ type }) => type === this.#type || this.#type === TYPE.ANY)
    const name = isAnswered ? undefined : lastName(query.key, answers)
    if (name !== undefined && (this.#deny(name) || this.#refer(name))) return
    // A negative reply that cannot be proved stays as it is.
    if (answers.length === 0) return
    for (const part of [...authority, ...additional]) this.#appoint(part)
  }

  #appoint(part: Part): void {
    if (part.type !== TYPE.RRSIG) part.signer = this.#signerOf(part.owner, part.type)
  }

  /** Key of the zone that holds records of the type. DS is held by the zone above (RFC 4035 §2.4), where that is among the zones. */
  #signerOf(owner: string, type: number): string | undefined {
    const above = type === TYPE.DS ? this.#zones.find(parentOf(owner)) : undefined
    return above ?? this.#zones.find(owner)
  }

  /** Proves a denial. @returns whether the reply is one that can be proved */
  #deny(name: string): boolean {
    const [answers, authority] = this.parts
    const [soa, ...others] = authority
    const signer = this.#signerOf(name, this.#type)
    if (soa?.type !== TYPE.SOA || others.length > 0 || signer === undefined || !isUnder(soa.owner, signer)) return false
    if (this.rcode !== RCODE.NOERROR && this.rcode !== RCODE.NXDOMAIN) return false
    soa.signer = signer
    const denial = { owner: name, type: TYPE.NSEC, ttl: soa.ttl, data: [denialOf(name, this.#type, signer)], signer }
    this.rcode = RCODE.NOERROR
    // For NSEC, the proof itself is the answer.
    if (this.#type === TYPE.NSEC) {
      authority.length = 0
      answers.push(denial)
    } else authority.push(denial)
    return true
  }

  /** Proves in a referral whether the other zone is signed; nothing else of it is signed (RFC 4035 §3.1.4). @returns whether the reply is one */
  #refer(name: string): boolean {
    const [, authority] = this.parts
    const servers = authority.find(({ type }) => type === TYPE.NS)
    if (this.rcode !== RCODE.NOERROR || !servers || !isUnder(name, servers.owner)) return false
    const { owner, ttl } = servers
    const signer = this.#signerOf(owner, TYPE.DS)
    if (signer === undefined || signer === owner) return false
    const ds = authority.find(part => part.type === TYPE.DS && part.owner === owner)
    if (ds) ds.signer = signer
    else authority.push({ owner, type: TYPE.NSEC, ttl, data: [referralOf(owner, signer)], signer })
    return true
  }
}

/** The name that the aliases of an answer lead to. */
function lastName(key: string, answers: readonly Part[]): string {
  let name = key
  for (const { owner, type, data } of answers) if (type === TYPE.CNAME && owner === name) name = data[0]!
  return name
}
