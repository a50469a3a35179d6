/** *nsid* tells clients that ask for it which server answers (RFC 5001). */
import { hostname } from 'node:os'
import { OPTION } from '#src/dns/codes.ts'
import { findOption } from '#src/dns/message.ts'
import type { Plugin } from '#src/plugin.ts'

export const nsid: Plugin<Uint8Array> = {
  name: 'nsid',

  parse(directive) {
    const line = directive.once()
    const words = line.rest()
    line.end()
    return Buffer.from(words.length > 0 ? words.join(' ') : hostname())
  },

  create: identifier => ({
    wrap: next => query => {
      const { edns } = query
      if (edns && edns.options.length > 0 && findOption(edns, OPTION.NSID)) edns.nsid = identifier
      return next(query)
    },
  }),
}
