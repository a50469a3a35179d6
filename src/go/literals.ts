/** Constants in Go's notation. */
import { EvaluationError, Integer, octetsOf } from './values.ts'

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.)|$)/gs

const SHORT: ReadonlyMap<string, string> = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['\\', '\\'],
])

/** A string, or with a single quote a character, with its quotes. @throws {EvaluationError} */
export function unquote(quoted: string): string {
  const quote = quoted[0]!
  return quoted.slice(1, -1).replace(ESCAPE, (whole, hex, octal, short, long, character) => {
    const octet = hex ? Number.parseInt(hex, 16) : octal ? Number.parseInt(octal, 8) : undefined
    if (octet !== undefined && octet < 256) return String.fromCharCode(octet)
    const point = Number.parseInt(short ?? long ?? '', 16)
    if (point <= 0x10ffff && (point < 0xd800 || point > 0xdfff)) return octetsOf(String.fromCodePoint(point))
    const plain = character === quote ? quote : SHORT.get(character)
    if (plain === undefined) throw new EvaluationError(`no escape of a string: '${whole}'`)
    return plain
  })
}

/** A character is the number of its code point. @throws {EvaluationError} */
export function readCharacter(quoted: string): Integer {
  const octets = unquote(quoted)
  // An escaped octet over 127 stands for the code point of that number.
  const characters = /^'\\[x0-3]/.test(quoted) ? [octets] : [...Buffer.from(octets, 'latin1').toString()]
  if (characters.length !== 1) throw new EvaluationError(`no character: ${quoted}`)
  return new Integer(characters[0]!.codePointAt(0)!)
}

const NUMBER = /^(?:(0[xX](?:_?[0-9a-fA-F])+)|(0[bB](?:_?[01])+)|0[oO]?((?:_?[0-7])+)|(0|[1-9](?:_?\d)*))$/

/** A whole number without a sign; undefined for any other text. */
export function readUnsigned(text: string): bigint | undefined {
  const [, hex, binary, octal, decimal] = NUMBER.exec(text) ?? []
  const digits = hex ?? binary ?? (octal === undefined ? decimal : `0o${octal}`)
  return digits === undefined ? undefined : BigInt(digits.replaceAll('_', ''))
}

/** A whole number that fits into 64 bits. @throws {EvaluationError} */
export function readNumber(text: string): Integer {
  const size = readUnsigned(text.replace(/^[+-]/, ''))
  if (size === undefined) throw new EvaluationError(`only whole numbers can be had: '${text}'`)
  const value = text.startsWith('-') ? -size : size
  if (BigInt.asIntN(64, value) !== value) throw new EvaluationError(`${text} overflows int`)
  return new Integer(value)
}
