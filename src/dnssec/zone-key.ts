import { Buffer } from 'node:buffer'
import { createPrivateKey, type KeyObject, sign, type webcrypto } from 'node:crypto'
import { promisify } from 'node:util'
import type { Dnskey } from './dnskey.ts'

/** Reads a field of a private key, as octets. @throws {RangeError} it is missing, or not base64 */
type PrivateField = (name: string) => Buffer

const signBeside = promisify(sign)

/** A key pair that the records of zones are signed with. */
export class ZoneKey {
  readonly dnskey: Dnskey
  readonly #private: KeyObject

  /** @throws {RangeError} what is wrong with the private key */
  constructor(dnskey: Dnskey, field: PrivateField) {
    const jwk = jwkOf(dnskey, field)
    try {
      // This also fails where the two do not belong together.
      this.#private = createPrivateKey({ key: jwk, format: 'jwk' })
    } catch (error) {
      throw new RangeError(`no private key of that public key: ${(error as Error).message}`)
    }
    this.dnskey = dnskey
  }

  /** The signature of some octets, made on another thread: one of RSA takes as long as answering a hundred queries. */
  sign(octets: Uint8Array): Promise<Buffer> {
    return signBeside(this.dnskey.algorithm.hash, octets, { key: this.#private, dsaEncoding: 'ieee-p1363' })
  }
}

/** The fields of RSA, as BIND names them. */
const RSA_FIELDS = { d: 'PrivateExponent', p: 'Prime1', q: 'Prime2', dp: 'Exponent1', dq: 'Exponent2', qi: 'Coefficient' }

/** @throws {RangeError} */
function jwkOf({ algorithm, jwk }: Dnskey, field: PrivateField): webcrypto.JsonWebKey {
  const { kty, size = 0 } = algorithm
  if (kty === 'RSA') {
    const fields = Object.entries(RSA_FIELDS).map(([name, written]) => [name, field(written).toString('base64url')])
    return { ...jwk, ...Object.fromEntries(fields) }
  }
  const octets = field('PrivateKey')
  if (octets.length > size) throw new RangeError(`PrivateKey must have ${size} octets: ${octets.length}`)
  // Some programs leave out leading zeros.
  return { ...jwk, d: Buffer.concat([Buffer.alloc(size - octets.length), octets]).toString('base64url') }
}
