import { RCODE, TYPE } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'
import { Sections, SectionsBuilder } from '#src/dns/sections.ts'
import { type Plugin, Reply } from '#src/plugin.ts'

/** Its owner is a pointer to the question, so it serves for any. */
const { bytes } = new SectionsBuilder(toKey('example.org'))
  .strings(toKey('example.org'), TYPE.HINFO, 8482, ['ANY obsoleted', 'See RFC 8482'])
  .build()

export const any: Plugin<void> = {
  name: 'any',
  parse: directive => directive.empty(),
  create: () => ({
    wrap: next => query =>
      query.type === TYPE.ANY ? new Reply(RCODE.NOERROR, 0, new Sections(bytes, 1, 0, 0, query.questionEnd)) : next(query),
  }),
}
