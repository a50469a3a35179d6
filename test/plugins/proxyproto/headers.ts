/** Headers of the PROXY protocol, right ones and others. */
import { toOctets } from '#src/dns/address.ts'

export interface Binary {
  command?: number
  protocol?: number
  source?: string
  destination?: string
  port?: number
  /** The length that it tells; the true one by default. */
  length?: number
  /** Behind the addresses. */
  vectors?: Uint8Array
}

export const TCP4 = 0x11
export const UDP4 = 0x12
export const TCP6 = 0x21
export const UDP6 = 0x22

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

export function version2({
  command = 0x21,
  protocol = UDP4,
  source = protocol >> 4 === 2 ? '2001:db8::1' : '192.0.2.1',
  destination = protocol >> 4 === 2 ? '2001:db8::53' : '192.0.2.53',
  port = 4242,
  length,
  vectors = Buffer.alloc(0),
}: Binary = {}): Buffer {
  const ports = Buffer.of(port >> 8, port & 255, 0, 53)
  const addresses =
    protocol >> 4 === 3
      ? Buffer.alloc(216, 'path')
      : protocol >> 4 === 0
        ? Buffer.alloc(0)
        : Buffer.concat([toOctets(source)!, toOctets(destination)!, ports])
  const rest = Buffer.concat([addresses, vectors])
  const told = length ?? rest.length
  return Buffer.concat([SIGNATURE, Buffer.of(command, protocol, told >> 8, told & 255), rest])
}

export const version1 = (words = 'TCP4 192.0.2.1 192.0.2.53 4242 53', end = '\r\n'): Buffer => Buffer.from(`PROXY ${words}${end}`)

const many = (length: number) => Buffer.concat([Buffer.of(0xe0, (length - 3) >> 8, (length - 3) & 255), Buffer.alloc(length - 3)])

/** By what is particular about them. */
export const HEADERS: Readonly<Record<string, Buffer>> = {
  none: Buffer.alloc(0),
  'version 2 of TCP over IPv4': version2({ protocol: TCP4 }),
  'version 2 of TCP over IPv6': version2({ protocol: TCP6 }),
  'version 2 of UDP over IPv4': version2(),
  'version 2 of UDP over IPv6': version2({ protocol: UDP6 }),
  'mapped IPv4, TCP': version2({ protocol: TCP6, source: '::ffff:192.0.2.7' }),
  'mapped IPv4, UDP': version2({ protocol: UDP6, source: '::ffff:192.0.2.7' }),
  'the proxy itself': version2({ command: 0x20, protocol: 0 }),
  'the proxy itself, with a length': version2({ command: 0x20, protocol: 0, vectors: Buffer.alloc(20) }),
  'the proxy itself, with addresses of TCP': version2({ command: 0x20, protocol: TCP4 }),
  'the proxy itself, with addresses of UDP': version2({ command: 0x20 }),
  'the proxy itself, of UDP without addresses': version2({ command: 0x20, length: 0 }).subarray(0, 16),
  'the proxy itself, of UDP with half of them': version2({ command: 0x20, length: 6 }).subarray(0, 22),
  'a path, stream': version2({ protocol: 0x31 }),
  'a path, datagram': version2({ protocol: 0x32 }),
  'vectors, TCP': version2({ protocol: TCP4, vectors: Buffer.of(0xea, 0, 2, 7, 8) }),
  'vectors, UDP': version2({ vectors: Buffer.of(0xea, 0, 2, 7, 8, 4, 0, 1, 9) }),
  'half a vector, UDP': version2({ vectors: Buffer.of(0xea, 0, 9, 7, 8) }),
  'half a vector, TCP': version2({ protocol: TCP4, vectors: Buffer.of(0xea, 0) }),
  '3000 octets of vectors, UDP': version2({ vectors: many(3000) }),
  '4096 octets, TCP': version2({ protocol: TCP4, vectors: many(4084) }),
  '4097 octets, TCP': version2({ protocol: TCP4, vectors: many(4085) }),
  'no addresses told': version2({ protocol: 0 }),
  'another version': version2({ command: 0x31 }),
  'another command': version2({ command: 0x22 }),
  'another family': version2({ protocol: 0x41 }),
  'another protocol': version2({ protocol: 0x13 }),
  'addresses are not in the length, TCP': version2({ protocol: TCP4, length: 11 }),
  'addresses are not in the length, UDP': version2({ length: 11 }),
  'more told than there is, UDP': version2({ length: 4000 }),
  'half a signature': SIGNATURE.subarray(0, 6),
  'a signature alone': SIGNATURE,
  'no command': version2().subarray(0, 13),
  'no length': version2().subarray(0, 15),
  'version 1 over IPv4': version1(),
  'version 1 over IPv6': version1('TCP6 2001:db8::1 2001:db8::53 4242 53'),
  'version 1, mapped IPv4': version1('TCP6 ::ffff:192.0.2.7 ::1 4242 53'),
  'version 1, unknown': version1('UNKNOWN'),
  'version 1, unknown, with words': version1('UNKNOWN a b c d e f g'),
  'version 1 of UDP': version1('UDP4 192.0.2.1 192.0.2.53 4242 53'),
  'version 1, five words': version1('TCP4 192.0.2.1 192.0.2.53 4242'),
  'version 1, seven words': version1('TCP4 192.0.2.1 192.0.2.53 4242 53 9'),
  'version 1, two spaces': version1(' TCP4 192.0.2.1 192.0.2.53 4242 53'),
  'version 1, no space': Buffer.from('PROXYTCP4 192.0.2.1 192.0.2.53 4242 53\r\n'),
  'version 1, IPv6 as IPv4': version1('TCP4 2001:db8::1 192.0.2.53 4242 53'),
  'version 1, IPv4 as IPv6': version1('TCP6 192.0.2.1 192.0.2.53 4242 53'),
  'version 1, leading zero': version1('TCP4 192.0.2.01 192.0.2.53 4242 53'),
  'version 1, a zone': version1('TCP6 fe80::1%lo ::1 4242 53'),
  'version 1, port with a zero': version1('TCP4 192.0.2.1 192.0.2.53 04242 53'),
  'version 1, port with a sign': version1('TCP4 192.0.2.1 192.0.2.53 +4242 53'),
  'version 1, port too large': version1('TCP4 192.0.2.1 192.0.2.53 65536 53'),
  'version 1, no destination port': version1('TCP4 192.0.2.1 192.0.2.53 4242 '),
  'version 1, LF': version1('TCP4 192.0.2.1 192.0.2.53 4242 53', '\n'),
  'version 1, no end': version1('TCP4 192.0.2.1 192.0.2.53 4242 53', ''),
  'version 1, 107 octets': version1(`UNKNOWN ${'x'.repeat(91)}`),
  'version 1, 108 octets': version1(`UNKNOWN ${'x'.repeat(92)}`),
}
