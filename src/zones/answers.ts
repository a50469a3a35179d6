import { FLAG, RCODE, TYPE } from '../dns/codes.ts'
import { ASTERISK, standIn, toText } from '../dns/name.ts'
import { wholeRecords } from '../dns/rebase.ts'
import { answer, failure, type Handler, onReply, type Query, Reply } from '../plugin.ts'
import { type Compiled, compile, compileAnswers, compileRest } from './compiled.ts'
import { Lookup } from './lookup.ts'
import type { Place, Zone } from './zone.ts'

/** The answers of a zone. What is the same for many queries is compiled at the first of them. */
export class Answers {
  readonly zone: Zone
  /** Replies without answers, by the length of the name and whether there is one. */
  readonly #negative = new Map<number, Compiled>()

  constructor(zone: Zone) {
    this.zone = zone
  }

  /**
   * @param query for a name in the zone
   * @param resolve answers for names elsewhere
   * @param missing answers for names without records; undefined if the zone does
   */
  respond(query: Query, resolve: Handler, missing: Handler | undefined): Reply | PromiseLike<Reply> {
    const { key, type } = query
    const { zone } = this
    const place = zone.find(key, query.hash)
    const { node, isExact, barrier } = place
    const signed = query.edns?.dnssecOk === true && zone.isSigned
    if (isExact && !barrier && !signed && !node.get(TYPE.CNAME)) {
      const set = node.get(type)
      if (set) {
        set.answer ??= compile(key, new Lookup(zone, type, false).run(key, place), false)
        return answer(set.answer)
      }
    }
    if (missing && !barrier && (isExact ? node.isBare(type) : !zone.get(ASTERISK + node.key))) return missing(query)
    // At another zone's beginning, no type is told from the others but DS.
    const code = 2 * ((key.length << 16) | (barrier?.isCut && type !== TYPE.DS ? TYPE.NS : type)) + (signed ? 1 : 0)
    const held = node.compiled?.get(code)
    return held ? replyOf(held) : this.#lookUp(query, place, signed, code, resolve)
  }

  /** The wildcard, as text, that stands for a name of the zone; undefined where none does. */
  wildcardOf(key: string, hash: number): string | undefined {
    const { node, isExact, barrier } = this.zone.find(key, hash)
    const wildcard = isExact || barrier ? undefined : this.zone.get(ASTERISK + node.key)
    return wildcard && !wildcard.isEmpty ? toText(wildcard.key) : undefined
  }

  #lookUp(query: Query, place: Place, signed: boolean, code: number, resolve: Handler): Reply | PromiseLike<Reply> {
    const { key, type } = query
    const { node, isExact, barrier } = place
    const isRenamed = barrier !== undefined && barrier.key.length < key.length && barrier.get(TYPE.DNAME) !== undefined
    // Unless it depends on what the name is, the reply holds for all names of that length below the same one.
    const isGeneral = !isRenamed && (isExact || !signed)
    const name = isGeneral ? standIn(key.length, node.key) : key
    const lookup = new Lookup(this.zone, type, signed).run(name, place)
    const { ending, rcode, answers } = lookup
    if (ending === 'loop') return failure(new Error(`aliases lead from ${toText(key)} round in a circle`))
    if (ending === 'beyond') return this.#goBeyond(query, name, lookup, signed, resolve)
    if (isGeneral && !signed && answers.length === 0 && ending !== 'referral') {
      const kind = 2 * key.length + (rcode === RCODE.NOERROR ? 0 : 1)
      const negative = this.#negative.get(kind)
      if (negative) return replyOf(negative)
      const compiled = { rcode, flags: FLAG.AA, sections: compile(standIn(key.length, this.zone.key), lookup, false) }
      this.#negative.set(kind, compiled)
      return replyOf(compiled)
    }
    // A referral alone is not what this server says of the name.
    const flags = ending === 'referral' && answers.length === 0 ? 0 : FLAG.AA
    const compiled = { rcode, flags, sections: compile(name, lookup, signed) }
    // Clients choose types without end, but few of them are found.
    if (isGeneral && (ending === 'found' || ending === 'referral')) {
      node.compiled ??= new Map()
      node.compiled.set(code, compiled)
    }
    return replyOf(compiled)
  }

  /** What is answered for the target of an alias, behind it. */
  #goBeyond(query: Query, name: string, lookup: Lookup, signed: boolean, resolve: Handler): Reply | PromiseLike<Reply> {
    const derived = query.derive(lookup.target, query.type)
    const merge = (reply: Reply): Reply => {
      const builder = compileAnswers(name, lookup, signed)
      const { answers, authorities } = reply.sections
      const records = wholeRecords(derived, reply.sections)
      const found = records.slice(0, answers)
      for (const { owner, type, ttl, data } of found)
        builder.octets(owner, type, reply.ttl ?? ttl, Buffer.from(data).toString('latin1'))
      const isKnown = reply.rcode !== RCODE.NXDOMAIN && (reply.rcode !== RCODE.NOERROR || found.length > 0)
      const data = found.filter(({ type }) => type === query.type).map(record => Buffer.from(record.data).toString('latin1'))
      const proofs = signed ? records.slice(answers, answers + authorities).filter(({ type }) => type === TYPE.NSEC) : []
      lookup.end(
        isKnown,
        data,
        proofs.map(({ owner }) => owner),
      )
      const merged = answer(compileRest(builder, lookup, signed))
      // The rcode tells of the last name of the chain (RFC 6604 §3). Where nobody here knows that, the client may ask on.
      if (reply.rcode === RCODE.NXDOMAIN || reply.rcode === RCODE.SERVFAIL) merged.rcode = reply.rcode
      merged.flags |= reply.flags & FLAG.TC
      merged.cause = reply.cause
      merged.upstream = reply.upstream
      merged.extendedError = reply.extendedError
      return merged
    }
    return onReply(derived, resolve(derived), merge)
  }
}

const replyOf = ({ rcode, flags, sections }: Compiled): Reply => new Reply(rcode, flags, sections)
