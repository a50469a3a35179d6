import { toOctets } from '../address.ts'
import { octetsOf, sized } from './octets.ts'
import { unescaped, type Words, wholeNumber } from './words.ts'

/** IANA "Service Parameter Keys (SvcParamKeys)". */
const KEYS: ReadonlyMap<string, number> = new Map([
  ['mandatory', 0], ['alpn', 1], ['no-default-alpn', 2], ['port', 3], ['ipv4hint', 4], ['ech', 5], ['ipv6hint', 6], ['dohpath', 7], ['ohttp', 8],
]) // biome-ignore format: a table

function keyCode(name: string): number {
  const code = KEYS.get(name) ?? Number(/^key(\d{1,5})$/.exec(name)?.[1])
  if (!(code < 0xffff)) throw new RangeError(`no service parameter: '${name}'`)
  return code
}

/** Values with commas between; a comma of a value has a backslash before it, and so has a backslash (RFC 9460 §A.1). */
const listOf = (value: string): string[] =>
  (value.match(/(?:[^\\,]|\\[\s\S])+/g) ?? []).map(item => item.replace(/\\([\s\S])/g, '$1'))

function addresses(value: string, length: number): string {
  return listOf(value)
    .map(text => {
      const octets = toOctets(text)
      if (octets?.length !== length) throw new RangeError(`not an IPv${length === 4 ? 4 : 6} address: '${text}'`)
      return String.fromCharCode(...octets)
    })
    .join('')
}

/** What each key makes of its value; any other takes it as octets. */
const values: Readonly<Record<number, (value: string) => string>> = {
  0: value => {
    const codes = listOf(value).map(keyCode)
    return codes
      .sort((a, b) => a - b)
      .map(code => octetsOf(code, 2))
      .join('')
  },
  1: value =>
    listOf(value)
      .map(id => sized(id, 'alpn'))
      .join(''),
  3: value => octetsOf(wholeNumber(value, 'port', 0xffff), 2),
  4: value => addresses(value, 4),
  5: value => Buffer.from(value, 'base64').toString('latin1'),
  6: value => addresses(value, 16),
}
/** Keys that have no value. */
const BARE = new Set([2, 8])

/** The parameters of SVCB and HTTPS, to the end: `KEY=VALUE`, `KEY="VALUE"` or `KEY`, in any order (RFC 9460 §2.1). */
export function readParameters(words: Words): string {
  const parameters = new Map<number, string>()
  while (words.left > 0) {
    const [, key = '', given] = /^([^=]*)(?:=([\s\S]*))?$/.exec(words.take('PARAMETER'))!
    const code = keyCode(key)
    if (parameters.has(code)) throw new RangeError(`service parameter '${key}' is there twice`)
    const value = unescaped((given ?? '').replace(/^"([\s\S]*)"$/, '$1'))
    if (BARE.has(code) ? value !== '' : value === '' && Object.hasOwn(values, code))
      throw new RangeError(`service parameter '${key}' takes ${BARE.has(code) ? 'no' : 'a'} value`)
    parameters.set(code, sized(values[code]?.(value) ?? value, key, 2))
  }
  return [...parameters]
    .sort(([a], [b]) => a - b)
    .map(([code, value]) => octetsOf(code, 2) + value)
    .join('')
}
