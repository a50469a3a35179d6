/** Small MaxMind databases (https://maxmind.github.io/MaxMind-DB/). */
import { toOctets } from '#src/dns/address.ts'

type Value = string | number | boolean | readonly Value[] | { readonly [name: string]: Value }

export interface Database {
  readonly type: string
  /** Records by networks, as CIDRs; those that lie within others come behind them. */
  readonly networks: Readonly<Record<string, Value>>
  /** 6 by default, which has IPv4 addresses as well. */
  readonly ipVersion?: 4 | 6
  /** Bits of each half of a node; 24 by default. */
  readonly recordSize?: 24 | 28 | 32
  readonly format?: number
}

/** What a bit leads to: another node, data at this offset, or nothing. */
type Branch = Node | number | undefined
type Node = [zero: Branch, one: Branch]

const NUMBER = { string: 2, double: 3, uint32: 6, map: 7, array: 11, boolean: 14 } as const

export function writeMmdb({ type, networks, ipVersion = 6, recordSize = 24, format = 2 }: Database): Buffer {
  const root: Node = [undefined, undefined]
  const data: Buffer[] = []
  let offset = 0
  for (const [cidr, record] of Object.entries(networks)) {
    put(root, bitsOf(cidr, ipVersion), offset)
    const encoded = encode(record)
    data.push(encoded)
    offset += encoded.length
  }
  if (ipVersion === 6) alias(root)
  const nodes = [...new Set(nodesBelow(root))]
  const numbers = new Map(nodes.map((node, i) => [node, i]))
  const numberOf = (branch: Branch): number => {
    if (branch === undefined) return nodes.length
    return typeof branch === 'number' ? nodes.length + 16 + branch : numbers.get(branch)!
  }
  const metadata = encode({
    node_count: nodes.length,
    record_size: recordSize,
    ip_version: ipVersion,
    database_type: type,
    languages: ['en'],
    binary_format_major_version: format,
    binary_format_minor_version: 0,
    build_epoch: 1_767_225_600,
    description: { en: 'for tests' },
  })
  const tree = nodes.map(([zero, one]) => encodeNode(numberOf(zero), numberOf(one), recordSize))
  return Buffer.concat([...tree, Buffer.alloc(16), ...data, Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'), metadata])
}

function bitsOf(cidr: string, ipVersion: 4 | 6): number[] {
  const [address = '', length] = cidr.split('/')
  const octets = toOctets(address)!
  const before = ipVersion === 6 && octets.length === 4 ? 96 : 0
  const bits = Array.from(octets, octet => Array.from(octet.toString(2).padStart(8, '0'), Number)).flat()
  return [...Array<number>(before).fill(0), ...bits.slice(0, Number(length))]
}

function put(root: Node, bits: readonly number[], branch: Branch): void {
  let node = root
  for (const bit of bits.slice(0, -1)) {
    let next = node[bit]
    if (!Array.isArray(next)) {
      next = [next, next]
      node[bit] = next
    }
    node = next
  }
  node[bits.at(-1)!] = branch
}

/** IPv4 addresses that are written as IPv6 are found, too, as in MaxMind's own. */
function alias(root: Node): void {
  let ipv4: Branch = root
  for (let depth = 0; depth < 96; depth++) ipv4 = Array.isArray(ipv4) ? ipv4[0] : ipv4
  put(root, bitsOf('::ffff:0:0/96', 6), ipv4)
}

function* nodesBelow(node: Node): Generator<Node> {
  yield node
  for (const branch of node) if (Array.isArray(branch)) yield* nodesBelow(branch)
}

function encodeNode(zero: number, one: number, size: 24 | 28 | 32): Buffer {
  const node = Buffer.alloc(size / 4)
  if (size === 32) {
    node.writeUInt32BE(zero, 0)
    node.writeUInt32BE(one, 4)
  } else {
    node.writeUIntBE(zero % 2 ** 24, 0, 3)
    node.writeUIntBE(one % 2 ** 24, node.length - 3, 3)
    // The upper four bits of each are between them.
    if (size === 28) node[3] = ((zero >>> 24) << 4) | (one >>> 24)
  }
  return node
}

function encode(value: Value): Buffer {
  if (typeof value === 'string') {
    const text = Buffer.from(value)
    return Buffer.concat([control(NUMBER.string, text.length), text])
  }
  if (typeof value === 'boolean') return control(NUMBER.boolean, Number(value))
  if (typeof value === 'number') {
    const isWhole = Number.isInteger(value)
    const data = Buffer.alloc(isWhole ? 4 : 8)
    if (isWhole) data.writeUInt32BE(value)
    else data.writeDoubleBE(value)
    return Buffer.concat([control(isWhole ? NUMBER.uint32 : NUMBER.double, data.length), data])
  }
  if (Array.isArray(value)) return Buffer.concat([control(NUMBER.array, value.length), ...value.map(encode)])
  const fields = Object.entries(value)
  return Buffer.concat([control(NUMBER.map, fields.length), ...fields.flatMap(([name, field]) => [encode(name), encode(field)])])
}

/** @param size in octets or entries; below 285 */
function control(type: number, size: number): Buffer {
  const short = Math.min(size, 29)
  const first = type > 7 ? [short, type - 7] : [(type << 5) | short]
  return Buffer.from(size < 29 ? first : [...first, size - 29])
}
