/** `edns0 local|nsid|subnet …`: EDNS options of the question, for the servers that *forward* asks. */
import { toOctets } from '#src/dns/address.ts'
import { OPTION } from '#src/dns/codes.ts'
import { MOST_UPSTREAM_OPTIONS } from '#src/dns/query.ts'
import type { Line, Query } from '#src/plugin.ts'
import type { Rewriting } from './rewriting.ts'
import type { Rule } from './rule.ts'
import { isLabel } from './template.ts'

const ACTIONS = ['set', 'append', 'replace', 'unset'] as const

/** The data of an option, by the question; undefined where there is none. */
type Data = (rewriting: Rewriting) => Uint8Array | undefined

export function readEdns0(line: Line): Rule {
  const kind = line.oneOf('option', ['local', 'nsid', 'subnet'], { anyCase: true })
  const action = line.oneOf('action', ACTIONS, { anyCase: true })
  const isUnset = action === 'unset'
  const code = kind === 'local' ? readCode(line) : kind === 'nsid' ? OPTION.NSID : OPTION.ECS
  const data = isUnset ? none : kind === 'local' ? readData(line) : kind === 'nsid' ? empty : readSubnet(line)
  const revert = !isUnset && line.peek() === 'revert'
  if (revert) line.text('revert')
  const settings = { returned: kind === 'local', revert }
  return {
    matches: () => true,
    apply: rewriting => {
      const { options } = rewriting
      if (isUnset) return options.set(code, undefined, settings)
      const octets = data(rewriting)
      const before = options.get(code)
      if (!octets || (action === 'replace' && !before)) return false
      if (action !== 'append' || !before) return options.set(code, octets, settings)
      // What the client has of it goes along.
      options.set(code, before, { ...settings, revert: false })
      return false
    },
  }
}

const none: Data = () => undefined
const NOTHING = new Uint8Array(0)
const empty: Data = () => NOTHING

function readCode(line: Line): number {
  const text = line.text('CODE')
  const code = /^(?:0x[\da-f]{1,4}|0|[1-9]\d{0,4})$/i.test(text) ? Number(text) : Number.NaN
  if (!(code <= 0xffff)) throw line.problem(`CODE must be a number up to 65535: '${text}'`)
  return code
}

function readData(line: Line): Data {
  const text = line.text('DATA')
  if (text.startsWith('{') && text.endsWith('}')) return readVariable(line, text.slice(1, -1))
  const isHex = text.startsWith('0x')
  if (isHex && !/^0x(?:[\da-f]{2})*$/i.test(text)) throw line.problem(`no whole octets in hex: '${text}'`)
  const data = isHex ? Buffer.from(text.slice(2), 'hex') : Buffer.from(text)
  const most = MOST_UPSTREAM_OPTIONS - 4
  if (data.length > most) throw line.problem(`DATA is too long: ${data.length} of at most ${most} octets`)
  return () => data
}

const uint16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 255)
const protocolOf = ({ transport }: Query): string => (transport === 'udp' ? 'udp' : 'tcp')

const VARIABLES: ReadonlyMap<string, Data> = new Map<string, Data>([
  ['qname', ({ name }) => Buffer.from(name)],
  ['qtype', ({ type }) => uint16(type)],
  ['client_ip', ({ query }) => toOctets(query.client.address)],
  ['client_port', ({ query }) => uint16(query.client.port)],
  ['protocol', ({ query }) => Buffer.from(protocolOf(query))],
  // None where the server listens on all addresses.
  ['server_ip', ({ query }) => toOctets(query.listener.address)],
  ['server_port', ({ query }) => uint16(query.listener.port)],
])

function readVariable(line: Line, word: string): Data {
  const variable = VARIABLES.get(word)
  if (variable) return variable
  if (!isLabel(word)) throw line.problem(`neither a variable nor a label: '{${word}}'`, VARIABLES.keys())
  return ({ read }) => {
    const value = read(word)
    return value ? Buffer.from(value) : undefined
  }
}

/** V4BITS V6BITS (RFC 7871 §6). */
function readSubnet(line: Line): Data {
  const bits = { 4: line.integer('IPv4 bit mask length', 0, 32), 6: line.integer('IPv6 bit mask length', 0, 128) }
  return ({ query }) => {
    const { address, family } = query.client
    const length = bits[family]
    const octets = toOctets(address)!.slice(0, Math.ceil(length / 8))
    if (length % 8 > 0) octets[octets.length - 1]! &= 0xff << (8 - (length % 8))
    return Uint8Array.of(0, family === 4 ? 1 : 2, length, 0, ...octets)
  }
}
