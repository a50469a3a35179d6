/** The octets of fields as master files have them: what `fields.ts` reads. */
import { Buffer } from 'node:buffer'
import { toAddress } from '../address.ts'
import { typeName } from '../codes.ts'
import { toText } from '../name.ts'
import { typeBitmap, typesOf } from '../type-bitmap.ts'
import type { fields } from './fields.ts'

const buffer = (octets: string): Buffer => Buffer.from(octets, 'latin1')
const number = (octets: string): string => String(buffer(octets).readUIntBE(0, octets.length))
const base64 = (octets: string): string => buffer(octets).toString('base64')
const hex = (octets: string): string => buffer(octets).toString('hex').toUpperCase()
const address = (octets: string): string => toAddress(buffer(octets))
const pairs = (octets: string): string =>
  hex(octets)
    .toLowerCase()
    .replace(/..(?=.)/g, '$&-')

const quoted = (octets: string): string =>
  `"${octets.replace(/[^ -~]|["\\]/g, octet => (/["\\]/.test(octet) ? `\\${octet}` : `\\${String(octet.charCodeAt(0)).padStart(3, '0')}`))}"`

function strings(octets: string): string {
  const texts: string[] = []
  for (let at = 0; at < octets.length; at += 1 + octets.charCodeAt(at))
    texts.push(quoted(octets.slice(at + 1, at + 1 + octets.charCodeAt(at))))
  return texts.join(' ')
}

/** YYYYMMDDHHmmSS (RFC 4034 §3.2). */
const time = (octets: string): string => new Date(Number(number(octets)) * 1000).toISOString().replace(/\D/g, '').slice(0, 14)

/** Empty for those that are not as they would be read. */
function typeNames(octets: string): string {
  const types = typesOf(octets)
  return typeBitmap(types) === octets ? types.map(typeName).join(' ') : ''
}

/** By kind; data with one that is left out, or whose text is empty, are written as octets. */
export const fieldTexts: Readonly<Partial<Record<keyof typeof fields, (octets: string) => string>>> = {
  u8: number,
  u16: number,
  u32: number,
  seconds: octets => (octets < '\x80' ? number(octets) : ''),
  algorithm: number,
  certificate: number,
  time,
  type: octets => typeName(Number(number(octets))),
  types: typeNames,
  name: toText,
  ipv4: address,
  ipv6: address,
  string: strings,
  strings,
  text: quoted,
  hex,
  base64,
  eui48: pairs,
  eui64: pairs,
}

/** Data of any type (RFC 3597 §5). */
export const genericText = (octets: string): string => `\\# ${octets.length} ${hex(octets)}`.trimEnd()
