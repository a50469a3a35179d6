/** Go's formats, as far as strings, truth values and whole numbers are concerned. */
import { EvaluationError, Integer, isList, sortedEntries, textOf, typeOf, type Value } from '#src/go/values.ts'

/** Go's own bound. */
const MOST_WIDTH = 1_000_000

interface Verb {
  readonly flags: string
  readonly width: number
  readonly precision: number | undefined
  readonly letter: string
}

const DIRECTIVE = /%([+\-# 0]*)(?:\[(\d+)\])?(\*|\d*)(?:(\.)(\*|\d*))?(?:\[(\d+)\])?([\s\S]?)/g

/** @throws {EvaluationError} a value that cannot be printed */
export function formatted(format: string, args: readonly Value[]): string {
  let next = 0
  let isReordered = false
  const star = (text: string | undefined): number => {
    if (text !== '*') return Number(text ?? '')
    const value = args[next++]
    if (!(value instanceof Integer)) throw new EvaluationError('no width or precision in printf')
    return Number(value.value)
  }
  const choose = (position: string | undefined) => {
    if (position === undefined) return
    next = Number(position) - 1
    isReordered = true
  }
  const written = format.replace(DIRECTIVE, (_, flags, first, widthText, dot, precisionText, second, letter) => {
    choose(first)
    const given = star(widthText)
    const precision = dot ? star(precisionText) : undefined
    choose(second)
    if (Math.max(Math.abs(given), precision ?? 0) > MOST_WIDTH)
      throw new EvaluationError('width or precision is too large in printf')
    if (letter === '%') return '%'
    if (letter === '') return '%!(NOVERB)'
    if (next < 0 || next >= args.length) return `%!${letter}(${isReordered ? 'BADINDEX' : 'MISSING'})`
    const value = args[next++]
    return write(value, { flags: given < 0 ? `${flags}-` : flags, width: Math.abs(given), precision, letter })
  })
  const extra = isReordered ? [] : args.slice(next)
  if (extra.length === 0) return written
  return `${written}%!(EXTRA ${extra.map(value => (value === undefined ? '<nil>' : `${typeOf(value)}=${textOf(value)}`)).join(', ')})`
}

function write(value: Value, verb: Verb): string {
  const { letter } = verb
  if (letter === 'T') return pad(value === undefined ? '<nil>' : typeOf(value), verb)
  if (value === undefined) return letter === 'v' ? pad('<nil>', verb) : `%!${letter}(<nil>)`
  if (isList(value)) return `[${value.map(item => write(item, verb)).join(' ')}]`
  if (value instanceof Map)
    return `map[${sortedEntries(value)
      .map(([key, entry]) => `${write(key, verb)}:${write(entry, verb)}`)
      .join(' ')}]`
  const text =
    typeof value === 'string'
      ? writeString(value, verb)
      : typeof value === 'boolean'
        ? writeBoolean(value, verb)
        : value instanceof Integer
          ? writeInteger(value, verb)
          : textOf(value)
  return text ?? `%!${letter}(${typeOf(value)}=${textOf(value)})`
}

function writeBoolean(value: boolean, verb: Verb): string | undefined {
  return 'tv'.includes(verb.letter) ? pad(String(value), verb) : undefined
}

function writeString(value: string, verb: Verb): string | undefined {
  const { letter, precision, flags } = verb
  const characters = (octets: string) => {
    const text = Buffer.from(octets, 'latin1').toString()
    return precision === undefined ? octets : Buffer.from([...text].slice(0, precision).join('')).toString('latin1')
  }
  if (letter === 'q' && flags.includes('#') && !/[`\p{Cc}]/u.test(value)) return pad(`\`${characters(value)}\``, verb)
  if (letter === 'q' || (letter === 'v' && flags.includes('#'))) return pad(quoted(characters(value)), verb)
  if (letter === 's' || letter === 'v') return pad(characters(value), verb)
  if (letter !== 'x' && letter !== 'X') return undefined
  const octets = Buffer.from(value.slice(0, precision), 'latin1')
  const prefix = flags.includes('#') ? '0x' : ''
  const hex = flags.includes(' ')
    ? Array.from(octets, octet => prefix + octet.toString(16).padStart(2, '0')).join(' ')
    : (octets.length > 0 ? prefix : '') + octets.toString('hex')
  return pad(letter === 'X' ? hex.toUpperCase() : hex, verb)
}

const RADIX: Readonly<Record<string, number>> = { v: 10, d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 }
const PREFIX: Readonly<Record<string, string>> = { b: '0b', o: '0', x: '0x', X: '0X' }

function writeInteger({ value, type }: Integer, verb: Verb): string | undefined {
  const { letter, precision, flags, width } = verb
  const character = () =>
    Buffer.from(String.fromCodePoint(value >= 0n && value <= 0x10ffffn ? Number(value) : 0xfffd)).toString('latin1')
  if (letter === 'c') return pad(character(), { ...verb, flags: flags.replaceAll('0', '') })
  if (letter === 'q') return pad(`'${quoted(character()).slice(1, -1).replace('\\"', '"').replace("'", "\\'")}'`, verb)
  if (letter === 'U')
    return pad(
      `U+${value
        .toString(16)
        .toUpperCase()
        .padStart(Math.max(4, precision ?? 0), '0')}`,
      verb,
    )
  const radix = letter === 'v' && flags.includes('#') && type !== 'int' ? 16 : RADIX[letter]
  if (radix === undefined) return undefined
  const sign = value < 0n ? '-' : flags.includes('+') && letter !== 'v' ? '+' : flags.includes(' ') ? ' ' : ''
  const isSharp = flags.includes('#')
  const prefix = letter === 'O' ? '0o' : isSharp ? (PREFIX[letter === 'v' && radix === 16 ? 'x' : letter] ?? '') : ''
  const isZeroPadded = flags.includes('0') && !flags.includes('-') && precision === undefined
  const digits = (value < 0n ? -value : value).toString(radix)
  if (precision === 0 && value === 0n) return pad('', { ...verb, flags: '' })
  const padded = digits.padStart(isZeroPadded ? width - sign.length : (precision ?? 0), '0')
  const hasZero = prefix === '0' && padded.startsWith('0')
  return pad(sign + (hasZero ? '' : prefix) + (letter === 'X' ? padded.toUpperCase() : padded), {
    ...verb,
    flags: flags.replaceAll('0', ''),
  })
}

/** Widths count characters. */
function pad(octets: string, { flags, width }: Verb): string {
  const missing = width - (/[^\0-\x7f]/.test(octets) ? [...Buffer.from(octets, 'latin1').toString()].length : octets.length)
  if (missing <= 0) return octets
  if (flags.includes('-')) return octets + ' '.repeat(missing)
  return (flags.includes('0') ? '0' : ' ').repeat(missing) + octets
}

const SHORT: Readonly<Record<string, string>> = {
  '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v', '"': '\\"', '\\': '\\\\',
} // biome-ignore format: a table

const quoted = (octets: string): string =>
  `"${octets.replace(/[\p{Cc}"\\]/gu, octet => (octet > '\x7f' ? octet : (SHORT[octet] ?? `\\x${octet.charCodeAt(0).toString(16).padStart(2, '0')}`)))}"`
