import { FLAG, RCODE, TYPE } from '../dns/codes.ts'
import type { Query } from '../dns/query.ts'
import { answer, failedBy, onReply, type Reply, shuffled } from '../dns/reply.ts'
import { SectionsBuilder } from '../dns/sections.ts'
import { answerRecords } from './answer-records.ts'

/** A CNAME, followed, in replies to queries for addresses, by what the chain answers for its target. @param ttl of the CNAME, in seconds */
export function answerAlias(
  query: Query,
  target: string,
  ttl: number,
  resolve: (query: Query) => Reply | PromiseLike<Reply>,
): Reply | PromiseLike<Reply> {
  const builder = new SectionsBuilder(query.key).name(query.key, TYPE.CNAME, ttl, target)
  if (query.type !== TYPE.A && query.type !== TYPE.AAAA) return answer(builder.build())
  const derived = query.derive(target, query.type)
  const merge = (reply: Reply): Reply => {
    if (reply.rcode !== RCODE.NOERROR && reply.rcode !== RCODE.NXDOMAIN) return failedBy(reply)
    for (const record of answerRecords(derived, reply)) {
      if ('cname' in record) builder.name(record.owner, TYPE.CNAME, record.ttl, record.cname)
      else builder.address(record.owner, record.ttl, record.octets)
    }
    const merged = shuffled(builder.build())
    // The rcode is that of the last name of the chain (RFC 6604 §3).
    merged.rcode = reply.rcode
    merged.flags |= reply.flags & FLAG.TC
    return merged
  }
  return onReply(derived, resolve(derived), merge)
}
