/** The one way in: every transport hands its messages to `admit`, so that none can skip a check. */
import { performance } from 'node:perf_hooks'
import { OPCODE, OPTION, RCODE, TYPE } from '../dns/codes.ts'
import { endOfName, FormatError, findOption, type RecordHead, readEdns, readName, readRecord } from '../dns/message.ts'
import { ROOT } from '../dns/name.ts'
import { type Client, type Edns, type Listener, Query, type Transport } from '../dns/query.ts'
import { Reply } from '../dns/reply.ts'
import { readUint16 } from '../dns/sections.ts'
import { readTsig, type Tsig } from '../dns/tsig.ts'
import { octetsOf } from '../transport/transport.ts'
import { fit, headerOnly } from './fit.ts'
import { SignedQuery } from './signed-query.ts'
import type { Zones } from './zones.ts'

/**
 * Checks a message and reads its question.
 * @param received when it was read, by `performance.now()`
 * @param zones that may have keys for its signature
 * @returns a query, signed or not, or a notification or update in the form of one; or the reply to a message that is none; or undefined for one that must not be answered
 */
export function admit(
  message: Uint8Array,
  client: Client,
  transport: Transport,
  listener: Listener,
  received = performance.now(),
  zones?: Zones,
): Query | SignedQuery | Uint8Array | undefined {
  if (message.length < 12 || client.port === 0) return undefined
  // Never a reply to a reply: two servers would answer each other for ever.
  if (message[2]! & 0x80) return undefined
  const opcode = (message[2]! >> 3) & 15
  const isUpdate = opcode === OPCODE.UPDATE && zones?.updates === true
  if (opcode !== OPCODE.QUERY && opcode !== OPCODE.NOTIFY && !isUpdate) return headerOnly(message, RCODE.NOTIMP)
  try {
    return readQuery(message, client, transport, listener, received, zones, isUpdate)
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
  zones: Zones | undefined,
  isUpdate: boolean,
): Query | SignedQuery | Uint8Array {
  const questions = readUint16(message, 4)
  const answers = readUint16(message, 6)
  const authorities = readUint16(message, 8)
  const additionals = readUint16(message, 10)
  // A query has one question; IXFR brings an SOA as authority, EDNS and TSIG are additional. More is decoded of updates only.
  if (questions > 1 || (!isUpdate && (answers > 1 || authorities > 1 || additionals > 2)))
    throw new FormatError('counts are not those of a query')
  let at = 12
  if (questions === 1) at = endOfName(message, at) + 4
  if (at > message.length) throw new FormatError('question is cut off')
  const questionEnd = at

  let edns: Edns | undefined
  let tsig: { start: number; record: RecordHead; isLast: boolean } | undefined
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
    } else if (record.type === TYPE.TSIG)
      tsig ??= { start, record, isLast: additionals > 0 && i === answers + authorities + additionals - 1 }
  }

  const cookieOnly = questions === 0 && edns !== undefined && findOption(edns, OPTION.COOKIE) !== undefined
  if (questions === 0 && !cookieOnly) throw new FormatError('no question')
  const { key, hash } = cookieOnly ? { key: ROOT, hash: 0 } : readName(message, 12)
  const type = cookieOnly ? 0 : readUint16(message, questionEnd - 4)
  const classCode = cookieOnly ? 0 : readUint16(message, questionEnd - 2)
  if (isUpdate && type !== TYPE.SOA) throw new FormatError('the zone of an update is not of type SOA')
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
  // RFC 7873 §5.4: a query without a question asks for a server cookie alone.
  const rcode = edns && edns.version !== 0 ? RCODE.BADVERS : cookieOnly ? RCODE.NOERROR : undefined
  if (!tsig) return rcode === undefined ? query : octetsOf(fit(query, new Reply(rcode)))
  if (!tsig.isLast) throw new FormatError('TSIG record is not the last')
  return signed(query, readTsig(message, tsig.start, tsig.record), zones, rcode)
}

/**
 * A query whose signature is checked. If no server block has keys, the reply is NOTAUTH with error BADKEY (RFC 8945 §5.2.1).
 * @param rcode of the reply to a message that is no query, if its signature is valid
 */
function signed(query: Query, tsig: Tsig, zones: Zones | undefined, rcode: number | undefined): SignedQuery | Uint8Array {
  const secrets = zones?.secretsFor(query)
  const checked = new SignedQuery(query, tsig, secrets ?? new Map())
  if (secrets && rcode === undefined) return checked
  const isValid = checked.query.client.tsigError === 'NOERROR'
  return octetsOf(checked.fit(new Reply(isValid && rcode !== undefined ? rcode : RCODE.NOTAUTH)))
}
