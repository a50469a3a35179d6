/** *chaos* tells which server this is, under the names that BIND made usual for it. */
import { hostname } from 'node:os'
import { CLASS, RCODE, TYPE } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'
import { SectionsBuilder } from '#src/dns/sections.ts'
import { type Plugin, Reply } from '#src/plugin.ts'

interface Options {
  /** Undefined for that of the program. */
  readonly version: string | undefined
  readonly authors: readonly string[]
}

/** Octets of a character-string (RFC 1035 §3.3). */
const LONGEST = 255

export const chaos: Plugin<Options> = {
  name: 'chaos',
  otherClasses: true,

  parse(directive) {
    const [first] = directive.uses().map(line => {
      const [version, ...authors] = line.rest()
      line.end()
      return { version, authors: [...new Set(authors)].sort() }
    })
    return first!
  },

  create({ version, authors }, block) {
    const versions = [version ?? `istio-coredns-${block.server.version}`]
    const names = [hostname()]
    const texts = new Map(
      Object.entries({
        'version.bind': versions,
        'version.server': versions,
        'authors.bind': authors,
        'hostname.bind': names,
        'id.server': names,
      }).map(([name, texts]) => [toKey(name), texts.map(cut)]),
    )
    return {
      wrap: next => query => {
        const { key } = query
        const told = query.class === CLASS.CH && query.type === TYPE.TXT ? texts.get(key) : undefined
        if (!told) return next(query)
        const builder = new SectionsBuilder(key)
        for (const text of told) builder.strings(key, TYPE.TXT, 0, [text], CLASS.CH)
        return new Reply(RCODE.NOERROR, 0, builder.build())
      },
    }
  },
}

/** The longest beginning of whole characters that a character-string holds. */
const cut = (text: string): string => {
  const octets = new Uint8Array(LONGEST)
  return text.slice(0, new TextEncoder().encodeInto(text, octets).read)
}
