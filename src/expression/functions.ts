/** The functions that expressions can call: those of the *view* plugin of CoreDNS, and what texts need of the language's own. */
import { toOctets } from '../dns/address.ts'
import { className, typeName } from '../dns/codes.ts'
import type { Query } from '../dns/query.ts'
import { Subnet } from '../dns/subnet.ts'
import { EvaluationError, Integer, octetsOf, textOf, type Value } from '../go/values.ts'
import type { Signature, Type } from './types.ts'

/** Types were checked before. */
type Call = (...args: never[]) => Value

const of = (parameters: readonly Type[], result: Type, call: Call): Signature => ({
  parameters,
  result,
  call: args => call(...(args as never[])),
})

const told = (result: Type, read: (query: Query) => string | boolean | number): Signature[] => [
  {
    parameters: [],
    result,
    call: (_, { data }) => {
      const value = read(data.query)
      return typeof value === 'number' ? new Integer(value) : value
    },
  },
]

/** Of a text, in characters rather than octets. */
const characters = (octets: string): string => Buffer.from(octets, 'latin1').toString()

/** What texts mean, with those kept that were read of late: a network of the Corefile is read once, not with each query. */
class Readings<T> {
  static readonly #MOST = 1000
  readonly #read: (text: string) => T
  readonly #known = new Map<string, T>()

  constructor(read: (text: string) => T) {
    this.#read = read
  }

  of(text: string): T {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    if (this.#known.size >= Readings.#MOST) this.#known.clear()
    const value = this.#read(text)
    this.#known.set(text, value)
    return value
  }
}

const addresses = new Readings(text => toOctets(text.replace(/^::ffff:(?=[\d.]+$)/i, '')))
const subnets = new Readings(Subnet.parse)

/** An IPv4 address written as mapped IPv6 (RFC 4291 §2.5.5.2) is an IPv4 address. */
const isWithin = (text: string, network: string): boolean => {
  const address = addresses.of(text)
  const subnet = subnets.of(network)
  if (!address) throw new EvaluationError(`no IP address: '${text}'`)
  if (!subnet) throw new EvaluationError(`no CIDR: '${network}'`)
  return subnet.has(address)
}

const toInteger = (text: string): Integer => {
  const value = /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : undefined
  if (value === undefined || BigInt.asIntN(64, value) !== value) throw new EvaluationError(`no whole number: '${text}'`)
  return new Integer(value)
}

const trim = (text: string, set: string): string => {
  let [start, end] = [0, text.length]
  while (start < end && set.includes(text[start]!)) start++
  while (end > start && set.includes(text[end - 1]!)) end--
  return text.slice(start, end)
}

/** An empty text stands between all characters. */
const split = (text: string, between: string): string[] =>
  between === '' ? Array.from(characters(text), octetsOf) : text.split(between)

/** @param most how many are replaced; all below 0 */
const replace = (text: string, from: string, to: string, most: Integer): string => {
  const parts = from === '' ? ['', ...split(text, ''), ''] : text.split(from)
  const cut = most.value < 0n ? parts.length : Number(most.value) + 1
  return [parts.slice(0, cut).join(to), ...parts.slice(cut)].join(from)
}

const ALL = new Integer(-1)
const STRING: Type = 'string'
const TWO: readonly Type[] = [STRING, STRING]

/** By name. */
export type Functions = ReadonlyMap<string, readonly Signature[]>

export const functions: Functions = new Map([
  ['bufsize', told('int', ({ transport, edns }) => (transport === 'udp' ? (edns?.udpSize ?? 512) : 65535))],
  ['class', told(STRING, query => className(query.class))],
  ['client_ip', told(STRING, ({ client }) => client.address)],
  ['do', told('bool', ({ edns }) => edns?.dnssecOk ?? false)],
  ['id', told('int', ({ id }) => id)],
  ['name', told(STRING, ({ name }) => name)],
  ['opcode', told('int', ({ opcode }) => opcode)],
  ['port', told(STRING, ({ client }) => String(client.port))],
  ['proto', told(STRING, ({ transport }) => (transport === 'udp' ? 'udp' : 'tcp'))],
  ['server_ip', told(STRING, ({ listener }) => listener.address)],
  ['server_port', told(STRING, ({ listener }) => String(listener.port))],
  ['size', told('int', ({ message }) => message.length)],
  ['type', told(STRING, ({ type }) => typeName(type))],
  ['incidr', [of(TWO, 'bool', isWithin)]],
  [
    'metadata',
    [{ parameters: [STRING], result: STRING, call: ([label], { data }) => octetsOf(data.readMetadata(label as string) ?? '') }],
  ],
  ['hasPrefix', [of(TWO, 'bool', (text: string, part: string) => text.startsWith(part))]],
  ['hasSuffix', [of(TWO, 'bool', (text: string, part: string) => text.endsWith(part))]],
  ['indexOf', [of(TWO, 'int', (text: string, part: string) => new Integer(text.indexOf(part)))]],
  ['int', [of([STRING], 'int', toInteger), of(['int'], 'int', (value: Integer) => value)]],
  [
    'join',
    [
      of(['string[]'], STRING, (texts: readonly string[]) => texts.join('')),
      of(['string[]', STRING], STRING, (texts: readonly string[], between: string) => texts.join(between)),
    ],
  ],
  ['lastIndexOf', [of(TWO, 'int', (text: string, part: string) => new Integer(text.lastIndexOf(part)))]],
  ['lower', [of([STRING], STRING, (text: string) => octetsOf(characters(text).toLowerCase()))]],
  [
    'replace',
    [
      of([STRING, STRING, STRING], STRING, (text: string, from: string, to: string) => replace(text, from, to, ALL)),
      of([STRING, STRING, STRING, 'int'], STRING, replace),
    ],
  ],
  ['split', [of(TWO, 'string[]', split)]],
  ['string', (['string', 'int', 'bool'] as const).map(type => of([type], STRING, (value: Value) => textOf(value)))],
  ['trim', [of([STRING], STRING, (text: string) => trim(text, ' \t\n\v\f\r')), of(TWO, STRING, trim)]],
  ['trimPrefix', [of(TWO, STRING, (text: string, part: string) => (text.startsWith(part) ? text.slice(part.length) : text))]],
  [
    'trimSuffix',
    [of(TWO, STRING, (text: string, part: string) => (text.endsWith(part) && part !== '' ? text.slice(0, -part.length) : text))],
  ],
  ['upper', [of([STRING], STRING, (text: string) => octetsOf(characters(text).toUpperCase()))]],
])

/** `len` of a text counts characters. */
export const lengthOf = (value: string | readonly Value[]): Integer =>
  new Integer(typeof value === 'string' ? [...characters(value)].length : value.length)
