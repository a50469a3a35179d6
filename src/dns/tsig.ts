/** Signatures by a secret that client and server share (TSIG, RFC 8945): the record, and the MAC in it. */

import { Buffer } from 'node:buffer'
import { createHmac, timingSafeEqual } from 'node:crypto'
import { CLASS, TSIG_ERROR, type TsigError, TYPE } from './codes.ts'
import { epochSeconds } from './epoch.ts'
import { endOfName, FormatError, type RecordHead, readKey } from './message.ts'
import { toKey } from './name.ts'
import { readUint16, readUint32 } from './sections.ts'

/** Secrets by the keys of their names. */
export type Secrets = ReadonlyMap<string, Uint8Array>

/** The record of a query (§4.2). */
export interface Tsig {
  /** Where it begins in its message. */
  readonly start: number
  /** Keys of the names. */
  readonly name: string
  readonly algorithm: string
  /** Time signed and fudge, as they came. */
  readonly timers: Buffer
  readonly mac: Buffer
  readonly originalId: number
  readonly error: number
  readonly other: Buffer
}

/** How far the clock of a client may be from that of the server, in seconds (§10). */
const FUDGE = 300

const NOTHING = Buffer.alloc(0)

/** The hash of each algorithm, and the octets of its MAC (§6). HMAC-MD5 is left out, as it should not be trusted. */
const ALGORITHMS: ReadonlyMap<string, { hash: string; size: number }> = new Map(
  Object.entries({ sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 }).map(([hash, size]) => [
    toKey(`hmac-${hash}`),
    { hash, size },
  ]),
)

/** The record that begins at `start`. @throws {FormatError} it is not as it must be */
export function readTsig(message: Uint8Array, start: number, { fixed, end }: RecordHead): Tsig {
  const octets = Buffer.from(message.buffer, message.byteOffset, end)
  if (readUint16(octets, fixed + 2) !== CLASS.ANY || readUint32(octets, fixed + 4) !== 0)
    throw new FormatError('TSIG record has a class or a TTL')
  const time = endOfName(message, fixed + 10)
  const mac = time + 10
  const macEnd = mac + readUint16(octets, time + 8)
  const other = macEnd + 6
  if (other + readUint16(octets, macEnd + 4) !== end) throw new FormatError('TSIG record is not whole')
  return {
    start,
    name: readKey(message, start),
    algorithm: readKey(message, fixed + 10),
    timers: octets.subarray(time, time + 8),
    mac: octets.subarray(mac, macEnd),
    originalId: readUint16(octets, macEnd),
    error: readUint16(octets, macEnd + 2),
    other: octets.subarray(other),
  }
}

/** Checks the signature of one query, and signs the messages of its reply in their order. */
export class Signature {
  readonly error: TsigError
  /** The most octets that are added to a message. */
  readonly length: number
  readonly #query: Tsig
  readonly #key: Key | undefined
  /** The MAC of the query, then that of the message before. */
  #prior: Uint8Array
  #isFirst = true

  /** @throws {FormatError} the MAC has a size that it cannot have */
  constructor(message: Uint8Array, tsig: Tsig, secrets: Secrets) {
    const { name, algorithm, mac } = tsig
    const key = keyOf(tsig, secrets)
    this.error = key ? errorOf(message, tsig, key) : 'BADKEY'
    this.#query = tsig
    // Nothing is signed for a client that does not know the secret (§5.3.2).
    this.#key = this.error === 'BADSIG' ? undefined : key
    this.#prior = mac
    this.length = name.length + 10 + algorithm.length + 16 + (this.#key?.size ?? 0) + (this.error === 'BADTIME' ? 6 : 0)
  }

  /** Puts a record behind the message that `target` has from `at` to `end` (§5.3). @returns the offset behind it */
  add(target: Uint8Array, at: number, end: number): number {
    const message = target.subarray(at, end)
    const tsig = { ...this.#query, ...this.#times(), error: TSIG_ERROR[this.error] }
    const mac = this.#key?.mac(uint16(this.#prior.length), this.#prior, message, this.#isFirst ? variables(tsig) : tsig.timers)
    this.#prior = mac ?? NOTHING
    this.#isFirst = false
    const record = write({ ...tsig, mac: mac ?? NOTHING, originalId: readUint16(message, 0) })
    target.set(record, end)
    message.set(uint16(readUint16(message, 10) + 1), 10)
    return end + record.length
  }

  #times(): Pick<Tsig, 'timers' | 'other'> {
    const { timers } = this.#query
    const now = Buffer.alloc(8)
    now.writeUIntBE(epochSeconds(), 0, 6)
    now.writeUInt16BE(FUDGE, 6)
    // The client learns how late it is here (§5.2.3).
    if (this.error === 'BADTIME') return { timers, other: now.subarray(0, 6) }
    return { timers: this.#key ? now : timers, other: NOTHING }
  }
}

/** A secret, for one algorithm. */
interface Key {
  /** Octets of a MAC. */
  readonly size: number
  mac(...parts: readonly Uint8Array[]): Buffer
}

function keyOf({ name, algorithm }: Tsig, secrets: Secrets): Key | undefined {
  const secret = secrets.get(name)
  const found = ALGORITHMS.get(algorithm)
  if (!secret || !found) return undefined
  const mac = (...parts: readonly Uint8Array[]) => {
    const hmac = createHmac(found.hash, secret)
    for (const part of parts) hmac.update(part)
    return hmac.digest()
  }
  return { size: found.size, mac }
}

/** In the order of §5.2: whose MAC is wrong learns nothing of the time. */
function errorOf(message: Uint8Array, tsig: Tsig, { size, mac }: Key): TsigError {
  const given = tsig.mac
  if (given.length > size || given.length < Math.max(10, size / 2))
    throw new FormatError(`MAC has ${given.length} octets of ${size}`)
  const header = Buffer.from(message.subarray(0, 12))
  header.writeUInt16BE(tsig.originalId, 0)
  header.writeUInt16BE(header.readUInt16BE(10) - 1, 10)
  const right = mac(header, message.subarray(12, tsig.start), variables(tsig))
  if (!timingSafeEqual(right.subarray(0, given.length), given)) return 'BADSIG'
  if (Math.abs(epochSeconds() - tsig.timers.readUIntBE(0, 6)) > tsig.timers.readUInt16BE(6)) return 'BADTIME'
  return given.length < size ? 'BADTRUNC' : 'NOERROR'
}

/** What is signed besides the message (§4.3.3). */
const variables = ({ name, algorithm, timers, error, other }: Omit<Tsig, 'start' | 'mac' | 'originalId'>): Buffer =>
  Buffer.concat([
    octets(name),
    uint16(CLASS.ANY),
    Buffer.alloc(4),
    octets(algorithm),
    timers,
    uint16(error),
    uint16(other.length),
    other,
  ])

function write({ name, algorithm, timers, mac, originalId, error, other }: Omit<Tsig, 'start'>): Buffer {
  const data = [octets(algorithm), timers, uint16(mac.length), mac, ...[originalId, error, other.length].map(uint16), other]
  const length = data.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([octets(name), uint16(TYPE.TSIG), uint16(CLASS.ANY), Buffer.alloc(4), uint16(length), ...data])
}

const octets = (key: string): Buffer => Buffer.from(key, 'latin1')
const uint16 = (value: number): Buffer => Buffer.of(value >> 8, value)
