/** Keys as `dnssec-keygen` makes them, and signatures checked over a canonical form that is made here, without help of the code under test. */
import { generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import { typeCode, writeName } from './names.ts'
import { writeRecord } from './records.ts'

/** The algorithms by their numbers: how their keys are made, and their hashes. */
const ALGORITHMS = {
  5: { rsa: 1024, hash: 'sha1' },
  7: { rsa: 1024, hash: 'sha1' },
  8: { rsa: 2048, hash: 'sha256' },
  10: { rsa: 2048, hash: 'sha512' },
  13: { curve: 'P-256', hash: 'sha256' },
  14: { curve: 'P-384', hash: 'sha384' },
  15: { curve: 'Ed25519', hash: null },
} as const

export interface TestKey {
  /** `Kexample.org.+013+12345`, by which its files are named. */
  readonly base: string
  /** The files, by their names. */
  readonly files: Readonly<Record<string, string>>
  /** The DNSKEY record's data as text. */
  readonly dnskey: string
  readonly algorithm: keyof typeof ALGORITHMS
  readonly tag: number
  readonly publicKey: KeyObject
}

/** @param flags 256 for a key that signs records, 257 for one that signs keys, or both */
export function testKey(owner: string, algorithm: keyof typeof ALGORITHMS = 13, flags = 257): TestKey {
  const about = ALGORITHMS[algorithm]
  const { publicKey, privateKey } =
    'rsa' in about
      ? generateKeyPairSync('rsa', { modulusLength: about.rsa })
      : about.curve === 'Ed25519'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('ec', { namedCurve: about.curve })
  const jwk = privateKey.export({ format: 'jwk' })
  const octets = (field: 'n' | 'e' | 'd' | 'p' | 'q' | 'dp' | 'dq' | 'qi' | 'x' | 'y') =>
    Buffer.from(jwk[field] ?? '', 'base64url')
  const key =
    'rsa' in about
      ? Buffer.concat([Buffer.of(octets('e').length), octets('e'), octets('n')])
      : Buffer.concat([octets('x'), octets('y')])
  const names =
    'rsa' in about
      ? ({ Modulus: 'n', PublicExponent: 'e', PrivateExponent: 'd', Prime1: 'p', Prime2: 'q', Exponent1: 'dp', Exponent2: 'dq', Coefficient: 'qi' } as const) // biome-ignore format: one line
      : ({ PrivateKey: 'd' } as const)
  const lines = Object.entries(names).map(([name, field]) => `${name}: ${octets(field).toString('base64')}`)
  const dnskey = `${flags} 3 ${algorithm} ${key.toString('base64')}`
  const tag = tagOf(Buffer.concat([Buffer.of(flags >> 8, flags & 255, 3, algorithm), key]))
  const base = `K${owner}+${String(algorithm).padStart(3, '0')}+${String(tag).padStart(5, '0')}`
  const files = {
    [`${base}.key`]: `; a key of a test\n${owner} IN DNSKEY ${dnskey}\n`,
    [`${base}.private`]: `Private-key-format: v1.3\nAlgorithm: ${algorithm} (SOME)\n${lines.join('\n')}\nCreated: 20260101000000\n`,
  }
  return { base, files, dnskey, algorithm, tag, publicKey }
}

/** RFC 4034 appendix B, as it is written there. */
function tagOf(data: Buffer): number {
  let sum = 0
  for (let i = 0; i < data.length; i++) sum += (i & 1) === 1 ? data[i]! : data[i]! << 8
  sum += (sum >> 16) & 0xffff
  return sum & 0xffff
}

/** The fields of an RRSIG line (RFC 4034 §3.2). */
export interface SignatureLine {
  readonly owner: string
  readonly ttl: number
  readonly covered: string
  readonly algorithm: number
  readonly labels: number
  readonly originalTtl: number
  readonly expiration: number
  readonly inception: number
  readonly tag: number
  readonly signer: string
  readonly signature: Buffer
}

/** An RRSIG record as a line of a test's record; undefined for another one. */
export function readSignature(line: string): SignatureLine | undefined {
  const [owner, ttl, , type, covered, ...rest] = line.split(' ')
  if (type !== 'RRSIG') return undefined
  const [algorithm, labels, originalTtl, expiration, inception, tag] = rest.slice(0, 6).map(Number)
  return {
    owner: owner!, ttl: Number(ttl), covered: covered!, algorithm: algorithm!, labels: labels!, originalTtl: originalTtl!,
    expiration: expiration!, inception: inception!, tag: tag!, signer: rest[6]!, signature: Buffer.from(rest[7]!, 'base64'),
  } // biome-ignore format: one line
}

/** Whether a signature is of this key and covers just these lines (RFC 4035 §5.3.2). */
export function isSignedBy({ publicKey, algorithm, tag }: TestKey, line: SignatureLine, records: readonly string[]): boolean {
  if (line.tag !== tag || line.algorithm !== algorithm) return false
  const head = Buffer.alloc(18)
  head.writeUInt16BE(typeCode(line.covered), 0)
  head[2] = line.algorithm
  head[3] = line.labels
  head.writeUInt32BE(line.originalTtl, 4)
  head.writeUInt32BE(line.expiration, 8)
  head.writeUInt32BE(line.inception, 12)
  head.writeUInt16BE(line.tag, 16)
  const canonical = records
    .map(record => writeRecord(canonicalLine(record, line)))
    .sort((a, b) => Buffer.compare(dataOf(a), dataOf(b)))
    .filter((octets, i, all) => i === 0 || Buffer.compare(octets, all[i - 1]!) !== 0)
  const signed = Buffer.concat([head, writeName(line.signer.toLowerCase()), ...canonical])
  return verify(ALGORITHMS[algorithm].hash, signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, line.signature)
}

/** What stands behind owner, type, class, TTL and length. */
function dataOf(record: Buffer): Buffer {
  let at = 0
  while (record[at]! > 0) at += 1 + record[at]!
  return record.subarray(at + 11)
}

/** Types whose data are words and names alone: the letters of names do not matter (RFC 4034 §6.2). */
const FOLDED = ['NS', 'CNAME', 'SOA', 'MX', 'PTR', 'SRV', 'DNAME']

function canonicalLine(record: string, { labels, originalTtl }: SignatureLine): string {
  const [owner = '', , classWord, type = '', ...data] = record.split(' ')
  const parts = owner.match(/(?:\\.|[^.\\])+/g) ?? []
  const name = parts.length > labels && parts[0] !== '*' ? `*.${parts.slice(parts.length - labels).join('.')}.` : owner
  const folded = FOLDED.includes(type) ? data.map(word => word.toLowerCase()) : data
  if (type === 'NAPTR') folded.push(folded.pop()!.toLowerCase())
  return `${name.toLowerCase()} ${originalTtl} ${classWord} ${type} ${folded.join(' ')}`
}
