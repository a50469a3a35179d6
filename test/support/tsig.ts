/** Signatures of messages (RFC 8945), made and checked without help of the code under test. */
import { createHmac } from 'node:crypto'
import { TYPE } from '#src/dns/codes.ts'
import { readName, writeName } from './names.ts'
import { rawRecords } from './records.ts'

/** A secret that client and server share. */
export interface Key {
  name: string
  secret: Buffer
  /** `hmac-sha256.` by default. */
  algorithm?: string
}

/** The data of a record. */
export interface Signature {
  name: string
  algorithm: string
  /** Seconds since the epoch. */
  time: number
  fudge: number
  mac: Buffer
  id: number
  error: number
  other: Buffer
}

/** The lines of a Corefile that has the key. */
export const secretLine = ({ name, secret }: Key): string => `secret ${name} ${secret.toString('base64')}`

const uint = (value: number, length: number): Buffer => {
  const octets = Buffer.alloc(length)
  octets.writeUIntBE(value, 0, length)
  return octets
}

const withSize = (octets: Buffer) => Buffer.concat([uint(octets.length, 2), octets])

/** What is hashed: the MAC of the message before, the message without its signature, and of the signature all but MAC and id, or the times alone. */
function macOf(
  unsigned: Buffer,
  { name, algorithm, time, fudge, id, error, other }: Omit<Signature, 'mac'>,
  secret: Buffer,
  { prior, timesOnly = false }: { prior?: Buffer | undefined; timesOnly?: boolean },
): Buffer {
  const times = Buffer.concat([uint(time, 6), uint(fudge, 2)])
  const before = [writeName(name.toLowerCase()), uint(255, 2), uint(0, 4), writeName(algorithm.toLowerCase())]
  const all = Buffer.concat([...before, times, uint(error, 2), withSize(other)])
  return createHmac(/^hmac-(\w+)\.$/i.exec(algorithm)?.[1]?.toLowerCase() ?? 'md5', secret)
    .update(Buffer.concat([...(prior ? [withSize(prior)] : []), uint(id, 2), unsigned.subarray(2), timesOnly ? times : all]))
    .digest()
}

/** A query with its signature behind it. @param said what the record says otherwise than it should; `size` in octets of the MAC */
export function sign(
  message: Buffer,
  { name, secret, algorithm = 'hmac-sha256.' }: Key,
  { size, ...said }: Partial<Omit<Signature, 'mac'>> & { size?: number } = {},
): Buffer {
  const record = { name, algorithm, time: Math.floor(Date.now() / 1000), fudge: 300, id: message.readUInt16BE(0), error: 0, other: Buffer.alloc(0), ...said } // biome-ignore format: one line
  const mac = macOf(message, record, secret, {})
  const given = size === undefined ? mac : Buffer.concat([mac, Buffer.alloc(64)]).subarray(0, size)
  return withRecord(message, { ...record, mac: given })
}

/** A message with one more record. */
export function withRecord(message: Buffer, { name, algorithm, time, fudge, mac, id, error, other }: Signature): Buffer {
  const data = Buffer.concat([
    ...[writeName(algorithm), uint(time, 6), uint(fudge, 2), withSize(mac), uint(id, 2), uint(error, 2), withSize(other)],
  ])
  const signed = Buffer.concat([message, writeName(name), uint(TYPE.TSIG, 2), uint(255, 2), uint(0, 4), withSize(data)])
  signed.writeUInt16BE(message.readUInt16BE(10) + 1, 10)
  return signed
}

/** The signature of a message, and the message without it. @throws where there is none at its end */
export function signatureOf(raw: Buffer): Signature & { unsigned: Buffer } {
  const last = rawRecords(raw)[2].at(-1)
  if (last?.type !== TYPE.TSIG || last.class !== 255 || last.ttl !== 0) throw new Error('the message is not signed')
  const { name: algorithm, end: time } = readName(raw, last.rdata.start)
  const mac = time + 10
  const id = mac + raw.readUInt16BE(time + 8)
  const other = raw.subarray(id + 6, last.rdata.end)
  if (raw.readUInt16BE(id + 4) !== other.length) throw new Error(`${other.length} octets of other data`)
  const unsigned = Buffer.from(raw.subarray(0, last.rdata.start - 10 - writeName(last.name).length))
  unsigned.writeUInt16BE(raw.readUInt16BE(10) - 1, 10)
  return {
    unsigned,
    name: last.name,
    algorithm,
    time: raw.readUIntBE(time, 6),
    fudge: raw.readUInt16BE(time + 6),
    mac: raw.subarray(mac, id),
    id: raw.readUInt16BE(id),
    error: raw.readUInt16BE(id + 2),
    other,
  }
}

/** Whether a message is signed with the key, behind one with the MAC `prior`. */
export function isSigned(raw: Buffer, { secret }: Key, prior?: Buffer, { timesOnly = false } = {}): boolean {
  const { unsigned, mac, ...signature } = signatureOf(raw)
  return macOf(unsigned, signature, secret, { prior, timesOnly }).equals(mac)
}
