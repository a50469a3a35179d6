import { Buffer } from 'node:buffer'
import type { webcrypto } from 'node:crypto'
import type { MasterRecord } from '../dns/master-file/record.ts'
import { ALGORITHMS, type Algorithm } from './algorithms.ts'

/** The public key of a zone (RFC 4034 §2). */
export class Dnskey {
  /** The name that it was made for, as key. */
  readonly owner: string
  /** In seconds. */
  readonly ttl: number
  /** Octets of the record's data. */
  readonly data: string
  readonly algorithm: Algorithm
  readonly jwk: webcrypto.JsonWebKey

  /** @throws {RangeError} what is wrong with the record */
  constructor({ owner, ttl, data }: Pick<MasterRecord, 'owner' | 'ttl' | 'data'>) {
    const octets = Buffer.from(data, 'latin1')
    const algorithm = ALGORITHMS.get(octets[3]!)
    if (!(octets[0]! & 1)) throw new RangeError('no key of a zone: its flags are 256 or 257')
    if (octets[2] !== 3) throw new RangeError(`protocol must be 3: ${octets[2]}`)
    if (!algorithm) throw new RangeError(`nothing is signed with algorithm ${octets[3]}`)
    this.owner = owner
    this.ttl = ttl
    this.data = data
    this.algorithm = algorithm
    this.jwk = jwkOf(algorithm, octets.subarray(4))
  }

  get algorithmNumber(): number {
    return this.data.charCodeAt(3)
  }

  /** Whether it is a key-signing key (SEP, §2.1.1). */
  get isEntryPoint(): boolean {
    return (this.data.charCodeAt(1) & 1) === 1
  }

  /** A number that mostly tells it from other keys (appendix B). */
  get tag(): number {
    let sum = 0
    for (let i = 0; i < this.data.length; i++) sum += this.data.charCodeAt(i) << (i & 1 ? 0 : 8)
    return (sum + (sum >> 16)) & 0xffff
  }
}

/** A public key, from the form that it has in the record (RFC 3110 §2, RFC 6605 §4, RFC 8080 §3). @throws {RangeError} */
function jwkOf({ kty, crv = '', size = 0 }: Algorithm, octets: Buffer): webcrypto.JsonWebKey {
  if (kty === 'RSA') {
    // One octet gives the length of the exponent, or three do: 0 and a 16-bit number.
    const [start, length] = octets[0] === 0 && octets.length > 2 ? [3, octets.readUInt16BE(1)] : [1, octets[0] ?? 0]
    return { kty, e: base64url(octets.subarray(start, start + length)), n: base64url(octets.subarray(start + length)) }
  }
  const wanted = kty === 'EC' ? 2 * size : size
  if (octets.length !== wanted) throw new RangeError(`a public key of ${crv} has ${wanted} octets, this one ${octets.length}`)
  const x = base64url(octets.subarray(0, size))
  return kty === 'EC' ? { kty, crv, x, y: base64url(octets.subarray(size)) } : { kty, crv, x }
}

const base64url = (octets: Buffer): string => octets.toString('base64url')
