/**
 * Headers of the PROXY protocol, of both versions (HAProxy's proxy-protocol.txt, §2.1 and §2.2).
 *
 * Version 1 is a line of at most 107 octets, `PROXY TCP4 192.0.2.1 192.0.2.53 4000 53\r\n`. Version 2 is:
 *
 *      0 signature   12 version and command   13 family and protocol   14 length of what follows
 *     16 source, destination, source port, destination port: of 4 and 2 octets, or 16 and 2; paths of 108 octets each have no ports
 *      … type, length (16 bits), value, again and again
 */
import { isIPv4, isIPv6 } from 'node:net'
import { toAddress, toOctets, unmapped } from '#src/dns/address.ts'
import { readUint16 } from '#src/dns/sections.ts'

export interface Header {
  /** In octets. */
  readonly length: number
  /** The client; undefined where the proxy speaks for itself, or its client has no IP address. */
  readonly source: Source | undefined
  /** Whether it describes datagrams between IP addresses. */
  readonly isUdp: boolean
  /** The octets behind the addresses: TLVs. */
  readonly vectors: Uint8Array
}

interface Source {
  /** As in `Client`: IPv4 is never written as mapped IPv6. */
  readonly address: string
  readonly family: 4 | 6
  readonly port: number
}

const SIGNATURES = { 1: Buffer.from('PROXY'), 2: Buffer.from('\r\n\r\n\0\r\nQUIT\n') } as const
const NO_VECTORS = new Uint8Array(0)

/** The version of the header that octets begin with; undefined for none, and 'more' where it takes more octets to tell. */
export function versionOf(octets: Uint8Array): 1 | 2 | 'more' | undefined {
  for (const version of [1, 2] as const) {
    const signature = SIGNATURES[version]
    let same = 0
    while (same < signature.length && octets[same] === signature[same]) same++
    if (same === signature.length) return version
    if (same === octets.length) return 'more'
  }
  return undefined
}

const LONGEST_LINE = 107
const NEWLINE = 10
const RETURN = 13

/** @returns undefined where it has not come whole @throws {Error} what is wrong with it */
export function readVersion1(octets: Uint8Array): Header | undefined {
  const end = octets.subarray(0, LONGEST_LINE).indexOf(NEWLINE)
  if (end < 0 && octets.length < LONGEST_LINE) return undefined
  if (end < 0) throw new Error(`the line is longer than ${LONGEST_LINE} octets`)
  if (octets[end - 1] !== RETURN) throw new Error('the line does not end in CR LF')
  const words = Buffer.from(octets.subarray(0, end - 1))
    .toString('latin1')
    .split(' ')
  const [word, protocol, address = '', destination = '', port = '', destinationPort = ''] = words
  const length = end + 1
  if (word !== 'PROXY') throw new Error('no space after PROXY')
  if (protocol === 'UNKNOWN') return { length, source: undefined, isUdp: false, vectors: NO_VECTORS }
  const family = protocol === 'TCP4' ? 4 : protocol === 'TCP6' ? 6 : undefined
  if (!family || words.length !== 6) throw new Error('unknown protocol, or not six words')
  const isAddress = (text: string) => (family === 4 ? isIPv4(text) : isIPv6(text) && !text.includes('%'))
  if (!isAddress(address) || !isAddress(destination)) throw new Error('invalid address')
  if (!isPort(port) || !isPort(destinationPort)) throw new Error('invalid port')
  return { length, source: sourceOf(toOctets(address)!, Number(port)), isUdp: false, vectors: NO_VECTORS }
}

const isPort = (text: string): boolean => /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) < 65_536

/** Version 2 with its command: the proxy speaks for itself, or for a client. */
const [LOCAL, PROXY] = [0x20, 0x21]
/** Octets of addresses and ports, by family and protocol: none, IPv4, IPv6 and paths, each over streams and datagrams. */
const LENGTHS: ReadonlyMap<number, number> = new Map([[0x00, 0], [0x11, 12], [0x12, 12], [0x21, 36], [0x22, 36], [0x31, 216], [0x32, 216]]) // biome-ignore format: a table
const [UDP4, UDP6] = [0x12, 0x22]
const FIXED = 16
/** The most octets behind the fixed ones: CoreDNS's limit. */
const LONGEST = 4096

/** @returns undefined where it has not come whole @throws {Error} what is wrong with it */
export function readVersion2(octets: Uint8Array): Header | undefined {
  if (octets.length < FIXED) return undefined
  const command = octets[12]!
  const protocol = octets[13]!
  const following = readUint16(octets, 14)
  const length = FIXED + following
  const addresses = LENGTHS.get(protocol)
  if (command !== LOCAL && command !== PROXY) throw new Error('unsupported version and command')
  if (addresses === undefined || (protocol === 0 && command === PROXY)) throw new Error('unsupported address family and protocol')
  if (following > LONGEST || (following < addresses && command === PROXY)) throw new Error('invalid length')
  if (octets.length < length) return undefined
  if (following < addresses) return { length, source: undefined, isUdp: false, vectors: NO_VECTORS }
  const source = command === LOCAL ? undefined : binarySource(octets, protocol >> 4)
  const isUdp = protocol === UDP4 || protocol === UDP6
  return { length, source, isUdp, vectors: octets.subarray(FIXED + addresses, length) }
}

function binarySource(octets: Uint8Array, family: number): Source | undefined {
  if (family === 1) return sourceOf(octets.subarray(16, 20), readUint16(octets, 24))
  if (family === 2) return sourceOf(octets.subarray(16, 32), readUint16(octets, 48))
  return undefined
}

function sourceOf(octets: Uint8Array, port: number): Source {
  const address = unmapped(octets)
  return { address: toAddress(address), family: address.length === 4 ? 4 : 6, port }
}

const PADDING = 4

/** The vectors in hex, with padding left empty; undefined where there are none, or they are cut off. */
export function vectorsOf({ vectors }: Header): string | undefined {
  const parts: Uint8Array[] = []
  let at = 0
  while (at + 3 <= vectors.length) {
    const end = at + 3 + ((vectors[at + 1]! << 8) | vectors[at + 2]!)
    parts.push(vectors[at] === PADDING ? Uint8Array.of(PADDING, 0, 0) : vectors.subarray(at, end))
    at = end
  }
  return at === vectors.length && at > 0 ? Buffer.concat(parts).toString('hex') : undefined
}
