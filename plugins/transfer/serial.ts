import { TYPE } from '#src/dns/codes.ts'
import { endOfName, FormatError, readRecord } from '#src/dns/message.ts'
import { readUint16, readUint32 } from '#src/dns/sections.ts'
import type { Query } from '#src/plugin.ts'

/** The serial of what the client of an IXFR query has: its authority section is the SOA record of that (RFC 1995 §3). Undefined where it is not. */
export function serialIn({ message, questionEnd }: Query): number | undefined {
  if (readUint16(message, 6) !== 0 || readUint16(message, 8) !== 1) return undefined
  const { fixed, end, type } = readRecord(message, questionEnd)
  if (type !== TYPE.SOA) return undefined
  try {
    const at = endOfName(message, endOfName(message, fixed + 10))
    return at + 20 === end ? readUint32(message, at) : undefined
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}
