import { Buffer } from 'node:buffer'
import { CLASS } from '../dns/codes.ts'
import { octetsOf } from '../dns/master-file/octets.ts'
import { labelsOf } from '../dns/name.ts'
import type { ZoneKey } from './zone-key.ts'

/** The records of one name and type, in class IN and canonical form (RFC 4034 §6). */
export interface RRset {
  /** Key. */
  readonly owner: string
  readonly type: number
  /** Octets, one character each; in canonical order, each once. */
  readonly data: readonly string[]
}

/** What a signature says besides the records. Times are seconds since 1970. */
export interface Terms {
  /** Key of the zone. */
  readonly signer: string
  /** The original TTL of the records, in seconds. */
  readonly ttl: number
  readonly inception: number
  readonly expiration: number
}

/** @param data in canonical form, in any order */
export const rrset = (owner: string, type: number, data: Iterable<string>): RRset => ({
  owner,
  type,
  // Characters compare as the octets that they stand for (§6.3).
  data: [...new Set(data)].sort(),
})

/** The data of the RRSIG record by which a key signs a set, as octets (RFC 4034 §3.1). */
export async function signatureOf({ owner, type, data }: RRset, key: ZoneKey, terms: Terms): Promise<string> {
  const { algorithmNumber, tag } = key.dnskey
  const { signer, ttl, inception, expiration } = terms
  const labels = labelsOf(owner)
  const about = `${uint16(type)}${String.fromCharCode(algorithmNumber, labels[0] === '*' ? labels.length - 1 : labels.length)}`
  const head = `${about}${uint32(ttl)}${uint32(expiration)}${uint32(inception)}${uint16(tag)}${signer}`
  const fixed = `${owner}${uint16(type)}${uint16(CLASS.IN)}${uint32(ttl)}`
  const records = data.map(octets => `${fixed}${uint16(octets.length)}${octets}`)
  const signature = await key.sign(Buffer.from(head + records.join(''), 'latin1'))
  return head + signature.toString('latin1')
}

const uint16 = (value: number): string => octetsOf(value, 2)
const uint32 = (value: number): string => octetsOf(value, 4)
