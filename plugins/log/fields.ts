import { className, FLAG, rcodeName, typeName } from '#src/dns/codes.ts'
import { replyLength } from '#src/dns/length.ts'
import type { MetadataReader, Query, Reply } from '#src/plugin.ts'
import { classOf, typeOf } from './class.ts'

/** One thing that can be said of a query and its reply. */
export interface Field {
  /** @param seconds from the query to the reply */
  value(query: Query, reply: Reply, seconds: number): string | number | boolean
  /** How the value stands in a line, where that differs. */
  text?(value: string | number | boolean): string
}

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
const bracketed = (address: unknown): string => (String(address).includes(':') ? `[${address}]` : String(address))

/** With nine digits behind the point; `toFixed` takes several times as long. */
function secondsText(seconds: unknown): string {
  const nanoseconds = Math.round(Number(seconds) * 1e9)
  return `${Math.floor(nanoseconds / 1e9)}.${String(1e9 + (nanoseconds % 1e9)).slice(1)}s`
}

/** By placeholder, without its braces. */
export const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['type', { value: query => typeName(query.type) }],
  ['name', { value: query => query.name }],
  ['class', { value: query => className(query.class) }],
  ['proto', { value: query => (query.transport === 'udp' ? 'udp' : 'tcp') }],
  ['size', { value: query => query.message.length }],
  ['remote', { value: query => query.client.address, text: bracketed }],
  ['port', { value: query => query.client.port }],
  ['local', { value: query => query.listener.address || '::', text: bracketed }],
  ['>id', { value: query => query.id }],
  ['>opcode', { value: query => query.opcode }],
  ['>do', { value: query => query.edns?.dnssecOk ?? false }],
  ['>bufsize', { value: query => query.replySize }],
  ['rcode', { value: (_, reply) => rcodeName(reply.rcode) }],
  ['rsize', { value: replyLength }],
  ['duration', { value: (_query, _reply, seconds) => seconds, text: secondsText }],
  ['>rflags', { value: responseFlags }],
  ['/log/class', { value: classOf }],
  ['/log/type', { value: typeOf }],
])

/** A placeholder of metadata: what is not known is a dash. */
export const metadataField = (read: MetadataReader = () => undefined): Field => ({
  value: (query, reply) => read(query, reply) || '-',
})
