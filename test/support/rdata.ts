/** The data of records, as the fields that zone files show. */
import { toAddress, toOctets } from '#src/dns/address.ts'
import { readName, typeCode, typeText, writeName } from './names.ts'

/** A field's width in octets for integers; `strings` and `types` take all that is left. */
type Field = 1 | 2 | 4 | 'address4' | 'address6' | 'name' | 'type' | 'types' | 'string' | 'strings' | 'hex' | 'base64' | 'text'

/** RFC 1035 §3.3, RFC 2782, RFC 4034, RFC 8659; any other type is written as RFC 3597 §5 says. */
const layouts: Readonly<Record<string, readonly Field[]>> = {
  A: ['address4'],
  AAAA: ['address6'],
  NS: ['name'],
  CNAME: ['name'],
  PTR: ['name'],
  DNAME: ['name'],
  SOA: ['name', 'name', 4, 4, 4, 4, 4],
  MX: [2, 'name'],
  SRV: [2, 2, 2, 'name'],
  TXT: ['strings'],
  HINFO: ['string', 'string'],
  NAPTR: [2, 2, 'string', 'string', 'string', 'name'],
  CAA: [1, 'string', 'text'],
  DS: [2, 1, 1, 'hex'],
  DNSKEY: [2, 1, 1, 'base64'],
  RRSIG: ['type', 1, 1, 4, 4, 4, 2, 'name', 'base64'],
  NSEC: ['name', 'types'],
}

const quote = (octets: Buffer): string =>
  `"${octets.toString('latin1').replace(/[^ -~]|["\\]/g, octet => (/["\\]/.test(octet) ? `\\${octet}` : `\\${String(octet.charCodeAt(0)).padStart(3, '0')}`))}"`
const unquote = (text: string): Buffer =>
  Buffer.from(
    text.replace(/^"|"$/g, '').replace(/\\(\d{3})|\\([\s\S])/g, (_, code, char) => char ?? String.fromCharCode(code)),
    'latin1',
  )

/** RFC 4034 §4.1.2. */
function typesOf(octets: Buffer): number[] {
  const types: number[] = []
  for (let at = 0; at < octets.length; at += 2 + octets[at + 1]!)
    for (let bit = 0; bit < 8 * octets[at + 1]!; bit++)
      if (octets[at + 2 + (bit >> 3)]! & (0x80 >> (bit & 7))) types.push(256 * octets[at]! + bit)
  return types
}

function writeTypes(types: readonly number[]): Buffer {
  const windows = [...new Set(types.map(type => type >> 8))].sort((a, b) => a - b)
  const parts = windows.map(window => {
    const bits = types.filter(type => type >> 8 === window).map(type => type & 255)
    const octets = Buffer.alloc((Math.max(...bits) >> 3) + 1)
    for (const bit of bits) octets[bit >> 3]! |= 0x80 >> (bit & 7)
    return Buffer.concat([Buffer.of(window, octets.length), octets])
  })
  return Buffer.concat(parts)
}

/** The rdata between `start` and `end` as text. @throws when its fields do not fill it exactly */
export function readRdata(message: Buffer, type: string, { start, end }: { start: number; end: number }): string {
  const layout = layouts[type]
  if (!layout) return `\\# ${end - start} ${message.toString('hex', start, end)}`.trimEnd()
  let at = start
  const take = (length: number) => {
    if (at + length > end) throw new Error(`${type} data at ${start} is too short`)
    at += length
    return message.subarray(at - length, at)
  }
  const string = () => quote(take(take(1)[0]!))
  const read = (field: Field): string => {
    if (typeof field === 'number') return String(take(field).readUIntBE(0, field))
    if (field === 'address4') return toAddress(take(4))
    if (field === 'address6') return toAddress(take(16))
    if (field === 'type') return typeText(take(2).readUInt16BE())
    if (field === 'types')
      return typesOf(take(end - at))
        .map(typeText)
        .join(' ')
    if (field === 'string') return string()
    if (field === 'hex') return take(end - at).toString('hex')
    if (field === 'base64') return take(end - at).toString('base64')
    if (field === 'text') return quote(take(end - at))
    if (field === 'strings') {
      const texts = [string()]
      while (at < end) texts.push(string())
      return texts.join(' ')
    }
    const { name, end: behind } = readName(message, at)
    at = behind
    return name
  }
  const text = layout.map(read).join(' ')
  if (at !== end) throw new Error(`${type} data at ${start} is ${end - start} octets long, its fields ${at - start}`)
  return text
}

/** Rdata in wire form, names not compressed. */
export function writeRdata(type: string, text: string): Buffer {
  const words = text.match(/"(?:\\[\s\S]|[^"\\])*"|\S+/g) ?? []
  if (words[0] === '\\#') return Buffer.from(words.slice(2).join(''), 'hex')
  const layout = layouts[type]
  if (!layout) throw new Error(`${type} data is written as \\# LENGTH HEX`)
  const string = (word: string) => Buffer.concat([Buffer.of(unquote(word).length), unquote(word)])
  const write = (field: Field, i: number): Uint8Array => {
    const word = words[i] ?? ''
    if (typeof field === 'number') {
      const octets = Buffer.alloc(field)
      octets.writeUIntBE(Number(word), 0, field)
      return octets
    }
    if (field === 'address4' || field === 'address6') return toOctets(word)!
    if (field === 'type') return Buffer.of(typeCode(word) >> 8, typeCode(word) & 255)
    if (field === 'types') return writeTypes(words.slice(i).map(typeCode))
    if (field === 'string') return string(word)
    if (field === 'strings') return Buffer.concat(words.slice(i).map(string))
    if (field === 'hex') return Buffer.from(words.slice(i).join(''), 'hex')
    if (field === 'base64') return Buffer.from(words.slice(i).join(''), 'base64')
    if (field === 'text') return unquote(word)
    return writeName(word)
  }
  return Buffer.concat(layout.map(write))
}
