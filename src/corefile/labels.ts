/** The labels of server blocks, and the zones that operators name elsewhere: `tls://example.org:853`, `10.0.0.0/15`. */
import { isIPv4, isIPv6 } from 'node:net'
import { reverseKey, toOctets } from '../dns/address.ts'
import { keyOf, labelsOf, toKey, toText } from '../dns/name.ts'
import { nearestWord, Problem, type Token } from './problem.ts'

const PORTS = { dns: undefined, tls: 853, https: 443, grpc: 443, quic: 853, https3: 443 } as const

type Scheme = keyof typeof PORTS

/** One zone of a server block, with scheme and port. */
export interface Label {
  readonly scheme: Scheme
  /** As text, in lower case, with its last dot. */
  readonly zone: string
  readonly port: number
  /** The word of the Corefile. */
  readonly token: Token
}

/**
 * The labels that one word of a block's label list stands for; several where it is a CIDR that ends inside an octet or nibble.
 * @param defaultPort of plain DNS; the other schemes have their own
 * @throws {Problem}
 */
export function parseLabel(token: Token, defaultPort: number): Label[] {
  const [, prefix, address = token.text] = /^([^:/]*):\/\/(.*)$/s.exec(token.text) ?? []
  const scheme = (prefix ?? 'dns') as Scheme
  if (!Object.hasOwn(PORTS, scheme))
    throw rejected(`unknown scheme '${scheme}://'`, token, nearestWord(scheme, Object.keys(PORTS)))
  try {
    const { zones, port = PORTS[scheme] ?? defaultPort } = parseAddress(address)
    return zones.map(zone => ({ scheme, zone, port, token }))
  } catch (error) {
    throw rejected((error as Error).message, token)
  }
}

const rejected = (reason: string, token: Token, nearest?: string): Problem =>
  new Problem(`error inspecting server blocks: ${reason}`, token, { nearest })

/**
 * The zones that a name or CIDR stands for, as text, in lower case, with their last dots. A scheme and a port, which say nothing about
 * the zone, are left out.
 * @throws {RangeError} with a sentence that says what is wrong
 */
export const expandZone = (text: string): string[] =>
  parseAddress(text.replace(/^(?:dns|tls|https|grpc|quic|https3):\/\//, '')).zones

function parseAddress(text: string): { zones: string[]; port?: number } {
  if (text === '' || text.endsWith(':')) throw new RangeError(`expecting data after last colon: ${JSON.stringify(text)}`)
  const [, name = text, digits] = /^(.*):([+-]?\d+)$/s.exec(text) ?? []
  const zones = expandName(name)
  if (digits === undefined) return { zones }
  const port = Number(digits)
  if (!(port >= 0 && port <= 65535)) throw new RangeError(`address ${digits}: invalid port`)
  return { zones, port }
}

function expandName(name: string): string[] {
  const length = Buffer.byteLength(name)
  if (length > 255) throw new RangeError(`specified zone is too long: ${length} > 255`)
  const [, address = '', bits] = /^(.*)\/(\d+)$/.exec(name) ?? []
  if (isIPv4(address) || isIPv6(address)) return reverseZones(address, Number(bits), name)
  // A colon, a space or an empty name is no query's zone, but what is left of a mistake.
  if (/[:\s]/.test(name) || name === '') throw new RangeError(`zone is not a valid domain name: ${name}`)
  try {
    return [toText(toKey(name))]
  } catch (error) {
    throw new RangeError(`zone is not a valid domain name: ${(error as Error).message}`)
  }
}

/** Reverse zones end at an octet (RFC 1035 §3.5) or a nibble (RFC 3596 §2.5); a prefix between two of them is all the zones at the longer one. */
function reverseZones(address: string, bits: number, text: string): string[] {
  const octets = toOctets(address)
  // Where an IPv6 address begins with a colon or a zero, it is too easily meant otherwise.
  if (!octets || bits > octets.length * 8 || /^:|^0.*:/.test(address)) throw new RangeError(`invalid CIDR ${text}`)
  const step = octets.length === 4 ? 8 : 4
  const depth = Math.ceil(bits / step)
  const labels = labelsOf(reverseKey(octets))
  const parent = keyOf(labels.slice(labels.length - 2))
  const digits = labels.slice(0, -2).reverse().slice(0, depth)
  const count = 2 ** (depth * step - bits)
  if (count === 1) return [toText(keyOf(digits.reverse(), parent))]
  const radix = step === 8 ? 10 : 16
  const first = Number.parseInt(digits.pop()!, radix) & -count
  return Array.from({ length: count }, (_, i) => toText(keyOf([...digits, (first + i).toString(radix)].reverse(), parent)))
}
