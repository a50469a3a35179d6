import { isIPv6 } from 'node:net'
import { constants } from 'node:os'
import { toAddress } from '../../dns/address.ts'
import type { Endpoint, Opening, Peer } from '../transport.ts'
import { type Native, systemError } from './native.ts'
import { NAME_LENGTH } from './ring.ts'

/** As Linux has them on x86-64 and arm64. */
const AF_INET = 2
const AF_INET6 = 10
const SOCK_DGRAM = 2
const SOCK_NONBLOCK = 0x800
const SOCK_CLOEXEC = 0x80000
const SOL_SOCKET = 1
const SO_SNDBUF = 7
const SO_RCVBUF = 8
const SO_REUSEPORT = 15
const SO_MEMINFO = 55
const IPPROTO_IP = 0
const IP_PKTINFO = 8
const IPPROTO_IPV6 = 41
const IPV6_V6ONLY = 26
const IPV6_RECVPKTINFO = 49

/** The words that SO_MEMINFO gives, the first two of the receive buffer, and the one that counts datagrams which found it full (SK_MEMINFO_DROPS). */
const MEMINFO = 9
const DROPS = 8

/** What may queue in the kernel on either side; the default of 212,992 octets holds some 280 small datagrams. */
const BUFFER = 4 << 20

/**
 * A UDP socket that is bound and does not block. `port` 0 for any free one.
 * @param wildcard it is bound to all addresses, and the ring is to tell which of them a datagram came to
 * @param connects it is for one peer, which may be an IPv4 address that is written as IPv6
 * @throws a system error, such as EADDRINUSE
 */
export function openSocket(
  native: Native,
  address: string,
  port: number,
  { shared, wildcard, connects }: Opening & { wildcard?: boolean; connects?: boolean } = {},
): { fd: number; port: number } {
  const { calls, errno, ring } = native
  const { scratch, scratchAt } = ring
  const where = `${address}:${port}`
  const six = isIPv6(address)
  const fd = calls.socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
  if (fd < 0) throw systemError('socket', errno(), where)
  const fail = (call: string, code: number): never => {
    calls.close(fd)
    throw systemError(call, code, where)
  }
  const set = (level: number, option: number, value: number): void => {
    scratch.setInt32(0, value, true)
    // Larger buffers than the kernel's limit become as large as that.
    if (calls.setsockopt(fd, level, option, scratchAt, 4) < 0) fail('setsockopt', errno())
  }
  if (six) set(IPPROTO_IPV6, IPV6_V6ONLY, connects ? 0 : 1)
  if (wildcard && six) set(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
  else if (wildcard) set(IPPROTO_IP, IP_PKTINFO, 1)
  if (shared) set(SOL_SOCKET, SO_REUSEPORT, 1)
  set(SOL_SOCKET, SO_RCVBUF, BUFFER)
  set(SOL_SOCKET, SO_SNDBUF, BUFFER)
  const length = writeName(native, address, port)
  if (length === 0) fail('bind', constants.errno.EINVAL)
  if (calls.bind(fd, scratchAt, length) < 0) fail('bind', errno())
  if (!readName(native, fd)) fail('getsockname', errno())
  return { fd, port: scratch.getUint16(2) }
}

/** Reads the sockaddr of a socket's own end to the scratch memory. */
function readName({ calls, ring: { scratch, scratchAt } }: Native, fd: number): boolean {
  scratch.setUint32(32, NAME_LENGTH, true)
  return calls.getsockname(fd, scratchAt, scratchAt + 32n) === 0
}

/** Where a connected socket sends from. */
export function localName(native: Native, fd: number): Endpoint | undefined {
  if (!readName(native, fd)) return undefined
  const { buffer, byteOffset } = native.ring.scratch
  const [start, length] = native.ring.scratch.getUint16(0, true) === AF_INET6 ? [8, 16] : [4, 4]
  return { address: toAddress(new Uint8Array(buffer, byteOffset + start, length)), port: native.ring.scratch.getUint16(2) }
}

/**
 * A UDP socket that does not block, from a port by chance to a peer.
 * @throws a system error, such as ENETUNREACH
 */
export function connectSocket(native: Native, { address, port, source }: Peer): number {
  const { calls, errno, ring } = native
  const { fd } = openSocket(native, source ?? (isIPv6(address) ? '::' : '0.0.0.0'), 0, { connects: true })
  const length = writeName(native, address, port)
  if (length > 0 && calls.connect(fd, ring.scratchAt, length) === 0) return fd
  const reason = length > 0 ? errno() : constants.errno.EINVAL
  calls.close(fd)
  throw systemError('connect', reason, `${address}:${port}`)
}

/**
 * The kernel gives what comes from now on to the other sockets of the port: one that is connected is only for its peer, which is itself here. What
 * has come is read as before, and replies may still go to anyone.
 */
export function leave(native: Native, fd: number, address: string, port: number): void {
  const { calls, ring } = native
  // Where it fails, what comes until the socket is closed is lost.
  calls.connect(fd, ring.scratchAt, writeName(native, address, port))
}

/** Writes a sockaddr to the scratch memory. @returns its length; 0 for what is no address */
function writeName({ calls, ring }: Native, address: string, port: number): number {
  const six = isIPv6(address)
  if ((six ? calls.uv_ip6_addr : calls.uv_ip4_addr)(address, port, ring.scratchAt) < 0) return 0
  return six ? NAME_LENGTH : 16
}

/** What waits to be read, in octets with the kernel's own; how much may; and the datagrams that came when it was full, and were thrown away. */
export function receiveQueue({ calls, ring }: Native, fd: number): { used: number; size: number; drops: number } {
  const { scratch, scratchAt } = ring
  scratch.setUint32(MEMINFO * 4, MEMINFO * 4, true)
  if (calls.getsockopt(fd, SOL_SOCKET, SO_MEMINFO, scratchAt, scratchAt + BigInt(MEMINFO * 4)) < 0)
    return { used: 0, size: 0, drops: 0 }
  return { used: scratch.getUint32(0, true), size: scratch.getUint32(4, true), drops: scratch.getUint32(DROPS * 4, true) }
}
