import { toOctets, unmapped } from '#src/dns/address.ts'
import { TYPE } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'

/** Numbers and texts of a value, by the names of SkyDNS (github.com/skynetservices/skydns, msg/service.go), and what stands for a field that is missing. */
const FIELDS = {
  host: '',
  port: 0,
  priority: 0,
  weight: 0,
  text: '',
  mail: false,
  ttl: 0,
  targetstrip: 0,
  group: '',
}

type Fields = typeof FIELDS

/** What one key of etcd says. */
export interface Service extends Fields {
  /** That of etcd. */
  readonly key: string
  /** What the host makes it: A, AAAA, CNAME, or TXT where it is no address and there is a text. */
  readonly type: number
  /** The octets of the host's address, or its name as key; empty of none. */
  readonly data: string
}

/** @param ttl of the lease, in seconds; undefined without one @throws {Error} what is wrong with the value */
export function readService(key: string, value: Buffer, ttl: number | undefined): Service {
  const fields = readFields(value)
  const octets = addressOf(fields.host)
  const type = octets ? (octets.length === 4 ? TYPE.A : TYPE.AAAA) : fields.text === '' ? TYPE.CNAME : TYPE.TXT
  const data = octets ? String.fromCharCode(...octets) : fields.host === '' ? '' : toKey(fields.host)
  return { ...fields, key, type, data, ttl: shortest(fields.ttl, ttl), priority: fields.priority || 10 }
}

/** Seconds; 300 where neither says anything. */
function shortest(own: number, lease: number | undefined): number {
  if (lease === undefined) return own || 300
  return own === 0 ? lease : Math.min(own, lease)
}

/** @throws {Error} */
function readFields(value: Buffer): Fields {
  const read: unknown = JSON.parse(value.toString())
  const fields: Record<string, string | number | boolean> = { ...FIELDS }
  if (read === null) return fields as Fields
  if (typeof read !== 'object' || Array.isArray(read)) throw new Error('a JSON object is expected')
  for (const [name, given] of Object.entries(read)) {
    const field = name.toLowerCase()
    if (given === null || !Object.hasOwn(FIELDS, field)) continue
    const expected = typeof FIELDS[field as keyof Fields]
    if (typeof given !== expected) throw new Error(`${field} must be a ${expected}`)
    if (expected === 'number' && !Number.isSafeInteger(given)) throw new Error(`${field} must be a whole number`)
    if (field === 'ttl' && (given < 0 || given >= 2 ** 32)) throw new Error('ttl must be between 0 and 4294967295')
    fields[field] = given
  }
  return fields as Fields
}

/** Of an IPv4 address that is written as an IPv6 address, too, the four octets. */
function addressOf(text: string): Uint8Array | undefined {
  const octets = toOctets(text)
  return octets && unmapped(octets)
}
