import { RCODE } from '#src/dns/codes.ts'
import { onReply, type Plugin, type Reply } from '#src/plugin.ts'

export const minimal: Plugin<void> = {
  name: 'minimal',
  parse: directive => directive.empty(),
  create: () => ({
    wrap: next => query => onReply(query, next(query), strip),
  }),
}

/** Leaves nothing but the answer of a positive reply; what other replies say stands in their other sections. */
function strip(reply: Reply): Reply {
  const { answers, authorities, additionals } = reply.sections
  if (reply.rcode === RCODE.NOERROR && answers > 0 && authorities + additionals > 0)
    reply.sections = reply.sections.keep(answers, 0)
  return reply
}
