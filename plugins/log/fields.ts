import { className, FLAG, rcodeName, typeName } from '#src/dns/codes.ts'
import { replyLength } from '#src/dns/length.ts'
import type { MetadataReader, Query, Reply } from '#src/plugin.ts'
import { classOf, typeOf } from './class.ts'

/** One thing that can be said of a query and its reply. @param seconds from the query to the reply */
export type Field = (query: Query, reply: Reply, seconds: number) => string | number | boolean

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
  const flags = FLAG.QR | reply.flags | (query.flags & (FLAG.RD | FLAG.CD))
  flagTexts[flags >> 4] ??= RESPONSE_FLAGS.flatMap(([name, bit]) => (flags & bit ? name : [])).join(',')
  return flagTexts[flags >> 4]!
}

/** RFC 3986 §3.2.2: a colon behind an address is a port's only where the address has none. */
const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address)

/** With nine digits behind the point; `toFixed` takes several times as long. */
function secondsText(seconds: number): string {
  const nanoseconds = Math.round(seconds * 1e9)
  return `${Math.floor(nanoseconds / 1e9)}.${String(1e9 + (nanoseconds % 1e9)).slice(1)}s`
}

/** By placeholder, without its braces. */
export const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['type', query => typeName(query.type)],
  ['name', query => query.name],
  ['class', query => className(query.class)],
  ['proto', query => (query.transport === 'udp' ? 'udp' : 'tcp')],
  ['size', query => query.message.length],
  ['remote', query => bracketed(query.client.address)],
  ['port', query => query.client.port],
  ['local', query => bracketed(query.listener.address || '::')],
  ['>id', query => query.id],
  ['>opcode', query => query.opcode],
  ['>do', query => query.edns?.dnssecOk ?? false],
  ['>bufsize', query => query.replySize],
  ['rcode', (_, reply) => rcodeName(reply.rcode)],
  ['rsize', replyLength],
  ['duration', (_query, _reply, seconds) => secondsText(seconds)],
  ['>rflags', responseFlags],
  ['/log/class', classOf],
  ['/log/type', typeOf],
])

/** A placeholder of metadata: what is not known is a dash. */
export const metadataField =
  (read: MetadataReader = () => undefined): Field =>
  (query, reply) =>
    read(query, reply) || '-'
