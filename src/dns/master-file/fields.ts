/** How the fields of record data are written in master files, by kind; each gives the octets of the wire form, one character each. */
import { toOctets } from '../address.ts'
import { typeBitmap } from '../type-bitmap.ts'
import { readLocation } from './location.ts'
import { fromBase32, fromBase64, fromHex, octetsOf, sized } from './octets.ts'
import { readParameters } from './service-parameters.ts'
import { parseTtl, parseType, type Words, wholeNumber } from './words.ts'

/** IANA "DNS Security Algorithm Numbers". */
const ALGORITHMS: ReadonlyMap<string, number> = new Map([
  ['RSAMD5', 1], ['DH', 2], ['DSA', 3], ['RSASHA1', 5], ['DSA-NSEC3-SHA1', 6], ['RSASHA1-NSEC3-SHA1', 7], ['RSASHA256', 8], ['RSASHA512', 10],
  ['ECC-GOST', 12], ['ECDSAP256SHA256', 13], ['ECDSAP384SHA384', 14], ['ED25519', 15], ['ED448', 16], ['INDIRECT', 252], ['PRIVATEDNS', 253], ['PRIVATEOID', 254],
]) // biome-ignore format: a table

/** RFC 4398 §2.1. */
const CERTIFICATES: ReadonlyMap<string, number> = new Map([
  ['PKIX', 1], ['SPKI', 2], ['PGP', 3], ['IPKIX', 4], ['ISPKI', 5], ['IPGP', 6], ['ACPKIX', 7], ['IACPKIX', 8], ['URI', 253], ['OID', 254],
]) // biome-ignore format: a table

/** A number, or the name of one. */
function named(words: Words, what: string, names: ReadonlyMap<string, number>, most: number): number {
  const word = words.take(what)
  return names.get(word.toUpperCase()) ?? wholeNumber(word, what, most)
}

function address(words: Words, what: string, length: number): string {
  const word = words.take(what)
  const octets = toOctets(word)
  if (octets?.length !== length) throw new RangeError(`${what} must be an IPv${length === 4 ? 4 : 6} address: '${word}'`)
  return String.fromCharCode(...octets)
}

/** Seconds since 1970, or YYYYMMDDHHmmSS (RFC 4034 §3.2). */
function time(words: Words, what: string): number {
  const word = words.take(what)
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(word)?.slice(1).map(Number)
  if (!parts) return wholeNumber(word, what, 0xffffffff)
  const [year, month, day, hour, minute, second] = parts as [number, number, number, number, number, number]
  // Modulo 2³², as it is compared (RFC 1982).
  return (Date.UTC(year, month - 1, day, hour, minute, second) / 1000) % 2 ** 32
}

function recordType(words: Words, what: string): number {
  const word = words.take(what)
  const type = parseType(word)
  if (type === undefined) throw new RangeError(`no record type: '${word}'`)
  return type
}

function types(words: Words): string {
  const codes: number[] = []
  while (words.left > 0) codes.push(recordType(words, 'TYPE'))
  return typeBitmap(codes)
}

/** Strings of at most 255 octets; a longer one is cut into several. */
function strings(words: Words): string {
  let all = ''
  do {
    const pieces = words.octets('TEXT').match(/[\s\S]{1,255}/g) ?? ['']
    for (const piece of pieces) all += sized(piece, 'TEXT')
  } while (words.left > 0)
  return all
}

function extendedUniqueIdentifier(words: Words, what: string, length: number): string {
  const word = words.take(what)
  if (!new RegExp(`^[\\da-f]{2}(?:-[\\da-f]{2}){${length - 1}}$`, 'i').test(word))
    throw new RangeError(`${what} must be ${length} pairs of hexadecimal digits with dashes between: '${word}'`)
  return fromHex(word.replaceAll('-', ''), what)
}

function seconds(words: Words, what: string): number {
  const word = words.take(what)
  const value = parseTtl(word)
  if (value === undefined) throw new RangeError(`${what} must be seconds, or a time such as 1h30m: '${word}'`)
  return value
}

/** By kind. `what` is the field's name in its RFC, in messages. */
export const fields = {
  u8: (words: Words, what: string) => octetsOf(words.integer(what, 0xff), 1),
  u16: (words: Words, what: string) => octetsOf(words.integer(what, 0xffff), 2),
  u32: (words: Words, what: string) => octetsOf(words.integer(what, 0xffffffff), 4),
  seconds: (words: Words, what: string) => octetsOf(seconds(words, what), 4),
  time: (words: Words, what: string) => octetsOf(time(words, what), 4),
  type: (words: Words, what: string) => octetsOf(recordType(words, what), 2),
  algorithm: (words: Words, what: string) => octetsOf(named(words, what, ALGORITHMS, 0xff), 1),
  certificate: (words: Words, what: string) => octetsOf(named(words, what, CERTIFICATES, 0xffff), 2),
  name: (words: Words, what: string) => words.name(what),
  ipv4: (words: Words, what: string) => address(words, what, 4),
  ipv6: (words: Words, what: string) => address(words, what, 16),
  string: (words: Words, what: string) => sized(words.octets(what), what),
  /** One string or more, to the end. */
  strings,
  /** Octets without a length, to the end. */
  text: (words: Words, what: string) => words.octets(what),
  hex: (words: Words, what: string) => fromHex(words.joined(what), what),
  base64: (words: Words, what: string) => fromBase64(words.joined(what), what),
  base32: (words: Words, what: string) => sized(fromBase32(words.take(what), what), what),
  /** `-` for none (RFC 5155 §3.3). */
  salt: (words: Words, what: string) => sized(fromHex(words.take(what).replace(/^-$/, ''), what), what),
  types,
  eui48: (words: Words, what: string) => extendedUniqueIdentifier(words, what, 6),
  eui64: (words: Words, what: string) => extendedUniqueIdentifier(words, what, 8),
  parameters: readParameters,
  location: readLocation,
} as const
