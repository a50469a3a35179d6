import type { fields } from './fields.ts'
import { fromHex } from './octets.ts'
import type { Words } from './words.ts'

/** The offset behind a field that begins at `at`, at most at the end of the data; it may lie beyond them, or be no number. */
type EndOf = (data: string, at: number) => number

const fixed =
  (length: number): EndOf =>
  (_, at) =>
    at + length
const counted: EndOf = (data, at) => at + 1 + data.charCodeAt(at)
const rest: EndOf = data => data.length
const several: EndOf = (data, at) => {
  do at = counted(data, at)
  while (at < data.length)
  return at
}
/** A name without compression (RFC 1035 §3.1). */
const name: EndOf = (data, start) => {
  let at = start
  while (data.charCodeAt(at) > 0) {
    if (data.charCodeAt(at) > 63) return Number.NaN
    at += 1 + data.charCodeAt(at)
  }
  return at - start < 255 ? at + 1 : Number.NaN
}

const ENDS: Readonly<Record<keyof typeof fields, EndOf>> = {
  u8: fixed(1), u16: fixed(2), u32: fixed(4), seconds: fixed(4), time: fixed(4), type: fixed(2), algorithm: fixed(1), certificate: fixed(2),
  ipv4: fixed(4), ipv6: fixed(16), eui48: fixed(6), eui64: fixed(8), location: fixed(16), name, string: counted, strings: several,
  base32: counted, salt: counted, text: rest, hex: rest, base64: rest, types: rest, parameters: rest,
} // biome-ignore format: a table

/** The octets of each field; undefined where data are not what fields of these kinds make. */
export function cutFields(kinds: readonly (keyof typeof fields)[], data: string): string[] | undefined {
  let at = 0
  const cut: string[] = []
  for (const kind of kinds) {
    const end = ENDS[kind](data, at)
    // No field begins behind the data, where nothing tells its end.
    if (!(end <= data.length)) return undefined
    cut.push(data.slice(at, end))
    at = end
  }
  return at === data.length ? cut : undefined
}

/**
 * Data written as `\# LENGTH HEX`, whatever their type (RFC 3597 §5).
 * @param kinds of the type's fields; undefined for a type that is not known
 * @throws {RangeError} data that are not as long as they say, or not what the fields make
 */
export function readGenericData(words: Words, kinds: readonly (keyof typeof fields)[] | undefined): string {
  words.take('\\#')
  const length = words.integer('LENGTH', 0xffff)
  const data = words.left > 0 ? fromHex(words.joined('HEX'), 'HEX') : ''
  if (data.length !== length) throw new RangeError(`HEX has ${data.length} octets, LENGTH says ${length}`)
  if (kinds && !cutFields(kinds, data)) throw new RangeError('HEX is not what the fields of the type make')
  return data
}
