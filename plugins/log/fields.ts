import { FLAG, rcodeName } from '#src/dns/codes.ts'
import { replyLength } from '#src/dns/length.ts'
import { type Field, QUERY_FIELDS } from '#src/placeholders.ts'
import type { Query, Reply } from '#src/plugin.ts'
import { classOf, typeOf } from './class.ts'

const RESPONSE_FLAGS = Object.entries({
  qr: FLAG.QR,
  aa: FLAG.AA,
  tc: FLAG.TC,
  rd: FLAG.RD,
  ra: FLAG.RA,
  z: FLAG.Z,
  ad: FLAG.AD,
  cd: FLAG.CD,
})

/** By the flags, whose lowest four bits are the rcode's. */
const flagTexts: string[] = []

function responseFlags(query: Query, reply: Reply): string {
  if (reply.silent) return '-'
  const flags = FLAG.QR | reply.flags | (query.flags & (FLAG.RD | FLAG.CD))
  flagTexts[flags >> 4] ??= RESPONSE_FLAGS.flatMap(([name, bit]) => (flags & bit ? name : [])).join(',')
  return flagTexts[flags >> 4]!
}

/** With nine digits behind the point; `toFixed` takes several times as long. */
function secondsText(seconds: number): string {
  const nanoseconds = Math.round(seconds * 1e9)
  return `${Math.floor(nanoseconds / 1e9)}.${String(1e9 + (nanoseconds % 1e9)).slice(1)}s`
}

/** By placeholder, without its braces. */
export const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ...QUERY_FIELDS,
  ['rcode', (_, reply) => (reply.silent ? '-' : rcodeName(reply.rcode))],
  ['rsize', (query, reply) => (reply.silent ? 0 : replyLength(query, reply))],
  ['duration', (_query, _reply, seconds) => secondsText(seconds)],
  ['>rflags', responseFlags],
  ['/log/class', classOf],
  ['/log/type', typeOf],
])
