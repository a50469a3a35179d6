/** `ttl [MATCH] FROM SECONDS`, `rcode [MATCH] FROM RCODE RCODE` and `cname [MATCH] FROM TO`: what is rewritten is the reply. */
import { RCODES } from '#src/dns/codes.ts'
import type { Line } from '#src/plugin.ts'
import { readKind, readPattern, readTargetRenaming } from './pattern.ts'
import { changing, type Rule } from './rule.ts'

/** RFC 2181 §8. */
const LONGEST_TTL = 0x7fffffff

export function readTtl(line: Line): Rule {
  const pattern = readPattern(line, readKind(line, 2))
  const text = line.text('SECONDS')
  const [, low = '', dash, high = ''] = /^(\d{0,10})(-?)(\d{0,10})$/.exec(text) ?? []
  const least = Number(low)
  const most = dash ? Number(high || LONGEST_TTL) : least
  if ((low === '' && high === '') || least > most || most > 0xffffffff)
    throw line.problem(`invalid TTL '${text}': expected SECONDS, MIN-MAX, MIN- or -MAX`)
  return changing(question => pattern.matches(question), {
    ttl: ttl => Math.min(Math.max(ttl, least), most, LONGEST_TTL),
  })
}

const rcodes = new Map<string, number>([...RCODES, ...Array.from({ length: 24 }, (_, code) => [String(code), code] as const)])

export function readRcode(line: Line): Rule {
  const pattern = readPattern(line, readKind(line, 3))
  const from = line.code('rcode', rcodes)
  const to = line.code('rcode', rcodes)
  return changing(question => pattern.matches(question), { rcode: rcode => (rcode === from ? to : rcode) })
}

export function readCname(line: Line): Rule {
  const renaming = readTargetRenaming(line, readKind(line, 2))
  // Nobody knows before the reply is there whether there will be a CNAME.
  return {
    matches: () => true,
    apply: rewriting => {
      rewriting.cnames.push(renaming)
      return true
    },
  }
}
