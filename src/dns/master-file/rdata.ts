import { TYPE, typeName } from '../codes.ts'
import { fieldTexts, genericText } from './field-texts.ts'
import { fields } from './fields.ts'
import { cutFields, readGenericData } from './generic-data.ts'
import type { Words } from './words.ts'

/** The fields of each type's data, as NAME:KIND, from RFC 1035 §3.3 and the RFCs in IANA's list of types. */
const LAYOUTS: Readonly<Partial<Record<keyof typeof TYPE, string>>> = {
  A: 'ADDRESS:ipv4',
  AAAA: 'ADDRESS:ipv6',
  NS: 'NAME:name',
  CNAME: 'NAME:name',
  DNAME: 'NAME:name',
  PTR: 'NAME:name',
  MB: 'NAME:name',
  MD: 'NAME:name',
  MF: 'NAME:name',
  MG: 'NAME:name',
  MR: 'NAME:name',
  'NSAP-PTR': 'NAME:name',
  MINFO: 'RMAILBX:name EMAILBX:name',
  SOA: 'MNAME:name RNAME:name SERIAL:u32 REFRESH:seconds RETRY:seconds EXPIRE:seconds MINIMUM:seconds',
  MX: 'PREFERENCE:u16 EXCHANGE:name',
  KX: 'PREFERENCE:u16 EXCHANGER:name',
  RT: 'PREFERENCE:u16 HOST:name',
  PX: 'PREFERENCE:u16 MAP822:name MAPX400:name',
  LP: 'PREFERENCE:u16 FQDN:name',
  AFSDB: 'SUBTYPE:u16 HOST:name',
  RP: 'MAILBOX:name TEXT:name',
  TXT: 'TEXT:strings',
  SPF: 'TEXT:strings',
  AVC: 'TEXT:strings',
  NINFO: 'TEXT:strings',
  RESINFO: 'TEXT:strings',
  X25: 'ADDRESS:string',
  HINFO: 'CPU:string OS:string',
  SRV: 'PRIORITY:u16 WEIGHT:u16 PORT:u16 TARGET:name',
  NAPTR: 'ORDER:u16 PREFERENCE:u16 FLAGS:string SERVICES:string REGEXP:string REPLACEMENT:name',
  LOC: 'LOCATION:location',
  CAA: 'FLAGS:u8 TAG:string VALUE:text',
  URI: 'PRIORITY:u16 WEIGHT:u16 TARGET:text',
  SVCB: 'PRIORITY:u16 TARGET:name PARAMETERS:parameters',
  HTTPS: 'PRIORITY:u16 TARGET:name PARAMETERS:parameters',
  DS: 'KEYTAG:u16 ALGORITHM:algorithm DIGESTTYPE:u8 DIGEST:hex',
  TA: 'KEYTAG:u16 ALGORITHM:algorithm DIGESTTYPE:u8 DIGEST:hex',
  DLV: 'KEYTAG:u16 ALGORITHM:algorithm DIGESTTYPE:u8 DIGEST:hex',
  CDS: 'KEYTAG:u16 ALGORITHM:algorithm DIGESTTYPE:u8 DIGEST:hex',
  DNSKEY: 'FLAGS:u16 PROTOCOL:u8 ALGORITHM:algorithm KEY:base64',
  CDNSKEY: 'FLAGS:u16 PROTOCOL:u8 ALGORITHM:algorithm KEY:base64',
  RKEY: 'FLAGS:u16 PROTOCOL:u8 ALGORITHM:algorithm KEY:base64',
  KEY: 'FLAGS:u16 PROTOCOL:u8 ALGORITHM:algorithm KEY:base64',
  RRSIG:
    'TYPE:type ALGORITHM:algorithm LABELS:u8 TTL:seconds EXPIRATION:time INCEPTION:time KEYTAG:u16 SIGNER:name SIGNATURE:base64',
  SIG: 'TYPE:type ALGORITHM:algorithm LABELS:u8 TTL:seconds EXPIRATION:time INCEPTION:time KEYTAG:u16 SIGNER:name SIGNATURE:base64',
  NSEC: 'NEXT:name TYPES:types',
  NSEC3: 'ALGORITHM:u8 FLAGS:u8 ITERATIONS:u16 SALT:salt NEXT:base32 TYPES:types',
  NSEC3PARAM: 'ALGORITHM:u8 FLAGS:u8 ITERATIONS:u16 SALT:salt',
  CSYNC: 'SERIAL:u32 FLAGS:u16 TYPES:types',
  ZONEMD: 'SERIAL:u32 SCHEME:u8 ALGORITHM:u8 DIGEST:hex',
  SSHFP: 'ALGORITHM:u8 TYPE:u8 FINGERPRINT:hex',
  TLSA: 'USAGE:u8 SELECTOR:u8 MATCHING:u8 DATA:hex',
  SMIMEA: 'USAGE:u8 SELECTOR:u8 MATCHING:u8 DATA:hex',
  CERT: 'TYPE:certificate KEYTAG:u16 ALGORITHM:algorithm CERTIFICATE:base64',
  OPENPGPKEY: 'KEY:base64',
  DHCID: 'DIGEST:base64',
  EUI48: 'ADDRESS:eui48',
  EUI64: 'ADDRESS:eui64',
}

interface Field {
  /** As its RFC calls it, in messages. */
  readonly what: string
  readonly kind: keyof typeof fields
}

const layouts: ReadonlyMap<number, readonly Field[]> = new Map(
  Object.entries(LAYOUTS).map(([type, layout]) => [
    TYPE[type as keyof typeof TYPE],
    layout.split(' ').map(field => {
      const [what, kind] = field.split(':') as [string, keyof typeof fields]
      return { what, kind }
    }),
  ]),
)

/**
 * The data of a record, as octets, no name in it compressed.
 * @throws {RangeError} what the type's fields do not allow
 */
export function readRdata(type: number, words: Words): string {
  const layout = layouts.get(type)
  if (words.peek === '\\#') return readGenericData(words, kindsOf(type))
  if (!layout) throw new RangeError(`data of ${typeName(type)} are written as \\# LENGTH HEX (RFC 3597 §5)`)
  let data = ''
  for (const { what, kind } of layout) data += fields[kind](words, what)
  if (words.left > 0) throw new RangeError(`too much data for ${typeName(type)}: '${words.peek}'`)
  if (data.length > 0xffff) throw new RangeError('record data are longer than 65535 octets')
  return data
}

/** Whether octets are data of the type, no name in them compressed; those of a type that is not known may be any. */
export function isRdata(type: number, octets: string): boolean {
  const kinds = kindsOf(type)
  return !kinds || cutFields(kinds, octets) !== undefined
}

/** Data of a type as a master file has them: field by field where all of them are known, and as RFC 3597 §5 says where not. */
export function writeRdata(type: number, octets: string): string {
  const kinds = kindsOf(type) ?? []
  const cut = cutFields(kinds, octets)
  const written = cut?.map((field, i) => fieldTexts[kinds[i]!]?.(field))
  if (!written || written.length === 0 || written.some(text => !text)) return genericText(octets)
  return written.join(' ')
}

const kindsOf = (type: number) => layouts.get(type)?.map(({ kind }) => kind)
