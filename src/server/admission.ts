/** The one way in: every transport hands its messages to `admit`, so that none can skip a check. */
import { performance } from 'node:perf_hooks'
import { OPCODE, OPTION, RCODE, TYPE } from '../dns/codes.ts'
import { endOfName, FormatError, findOption, readEdns, readKey, readName, readRecord } from '../dns/message.ts'
import { ROOT } from '../dns/name.ts'
import { type Client, type Edns, type Listener, Query, type Transport } from '../dns/query.ts'
import { Reply } from '../dns/reply.ts'
import { readUint16 } from '../dns/sections.ts'
import { octetsOf } from '../transport/transport.ts'
import { fit, headerOnly } from './fit.ts'

/**
 * Checks a message and reads its question.
 * @param received when it was read, by `performance.now()`
 * @returns a query, or a notification in the form of one; or the reply to a message that is none; or undefined for one that must not be answered
 */
export function admit(
  message: Uint8Array,
  client: Client,
  transport: Transport,
  listener: Listener,
  received = performance.now(),
): Query | Uint8Array | undefined {
  if (message.length < 12 || client.port === 0) return undefined
  // Never a reply to a reply: two servers would answer each other for ever.
  if (message[2]! & 0x80) return undefined
  const opcode = (message[2]! >> 3) & 15
  if (opcode !== OPCODE.QUERY && opcode !== OPCODE.NOTIFY) return headerOnly(message, RCODE.NOTIMP)
  try {
    return readQuery(message, client, transport, listener, received)
  } catch (error) {
    if (error instanceof FormatError) return headerOnly(message, RCODE.FORMERR)
    throw error
  }
}

function readQuery(
  message: Uint8Array,
  client: Client,
  transport: Transport,
  listener: Listener,
  received: number,
): Query | Uint8Array {
  const questions = readUint16(message, 4)
  const answers = readUint16(message, 6)
  const authorities = readUint16(message, 8)
  const additionals = readUint16(message, 10)
  // A query has one question; IXFR brings an SOA as authority, EDNS and TSIG are additional. More is never decoded.
  if (questions > 1 || answers > 1 || authorities > 1 || additionals > 2) throw new FormatError('counts are not those of a query')
  let at = 12
  if (questions === 1) at = endOfName(message, at) + 4
  if (at > message.length) throw new FormatError('question is cut off')
  const questionEnd = at

  let edns: Edns | undefined
  let signature: { start: number; fixed: number; end: number } | undefined
  for (let i = 0; i < answers + authorities + additionals; i++) {
    const start = at
    const record = readRecord(message, at)
    at = record.end
    if (record.type === TYPE.OPT) {
      if (edns || i < answers + authorities || message[start] !== 0) throw new FormatError('OPT record out of place')
      edns = readEdns(message, record.fixed)
      const cookie = findOption(edns, OPTION.COOKIE)?.length
      if (cookie !== undefined && cookie !== 8 && (cookie < 16 || cookie > 40))
        throw new FormatError('COOKIE option of wrong length')
    } else if (record.type === TYPE.TSIG) signature = { start, fixed: record.fixed, end: record.end }
  }

  const cookieOnly = questions === 0 && edns !== undefined && findOption(edns, OPTION.COOKIE) !== undefined
  if (questions === 0 && !cookieOnly) throw new FormatError('no question')
  const { key, hash } = cookieOnly ? { key: ROOT, hash: 0 } : readName(message, 12)
  const type = cookieOnly ? 0 : readUint16(message, questionEnd - 4)
  const classCode = cookieOnly ? 0 : readUint16(message, questionEnd - 2)
  const query = new Query({
    message,
    questionEnd,
    key,
    hash,
    type,
    class: classCode,
    edns,
    client,
    transport,
    listener,
    received,
  })
  if (edns && edns.version !== 0) return octetsOf(fit(query, new Reply(RCODE.BADVERS)))
  // RFC 7873 §5.4: a query without a question asks for a server cookie alone.
  if (cookieOnly) return octetsOf(fit(query, new Reply(RCODE.NOERROR)))
  if (signature) return unknownKey(query, signature)
  return query
}

/** NOTAUTH with the TSIG record sent back, unsigned and with error BADKEY (RFC 8945 §5.2.1): this server holds no keys. */
function unknownKey(query: Query, { start, fixed, end }: { start: number; fixed: number; end: number }): Uint8Array {
  const { message } = query
  const time = endOfName(message, fixed + 10)
  if (time + 10 > end) throw new FormatError('TSIG record is cut off')
  // In full: what a compression pointer leads to need not be in the reply.
  const owner = Buffer.from(readKey(message, start), 'latin1')
  const algorithm = Buffer.from(readKey(message, fixed + 10), 'latin1')
  // Size of the MAC, original id, error, size of other data.
  const unsigned = Buffer.alloc(8)
  unsigned.writeUInt16BE(query.id, 2)
  unsigned.writeUInt16BE(RCODE.BADKEY, 4)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(algorithm.length + 8 + unsigned.length)
  const head = message.subarray(fixed, fixed + 8)
  const refusal = octetsOf(fit(query, new Reply(RCODE.NOTAUTH)))
  const reply = Buffer.concat([refusal, owner, head, length, algorithm, message.subarray(time, time + 8), unsigned])
  if (reply.length > query.replySize) return refusal
  reply.writeUInt16BE(reply.readUInt16BE(10) + 1, 10)
  return reply
}
