import { RCODE, TYPE } from '#src/dns/codes.ts'
import type { Query, Reply } from '#src/plugin.ts'

/** What kinds of replies `class` tells apart. */
export const CLASSES = ['success', 'denial', 'error'] as const
type ReplyClass = (typeof CLASSES)[number]

/** What a reply says, under CoreDNS's names. */
type ReplyType = 'NOERROR' | 'NODATA' | 'DELEGATION' | 'NXDOMAIN' | 'SERVERERROR' | 'META' | 'OTHERERROR'

export function typeOf(query: Query, { rcode, sections, silent }: Reply): ReplyType {
  if (silent) return 'OTHERERROR'
  if (query.type === TYPE.AXFR || query.type === TYPE.IXFR) return 'META'
  if (rcode === RCODE.NXDOMAIN) return sections.answers > 0 ? 'OTHERERROR' : 'NXDOMAIN'
  if (rcode === RCODE.SERVFAIL || rcode === RCODE.NOTIMP) return 'SERVERERROR'
  if (rcode !== RCODE.NOERROR) return 'OTHERERROR'
  if (sections.answers > 0 || sections.authorities === 0) return 'NOERROR'
  const authorities = new Set(sections.spans.slice(0, sections.authorities).map(({ type }) => type))
  if (authorities.has(TYPE.SOA)) return 'NODATA'
  return authorities.has(TYPE.NS) ? 'DELEGATION' : 'NOERROR'
}

export function classOf(query: Query, reply: Reply): ReplyClass {
  const type = typeOf(query, reply)
  if (type === 'NOERROR' || type === 'DELEGATION') return 'success'
  return type === 'NODATA' || type === 'NXDOMAIN' ? 'denial' : 'error'
}
