import { Buffer } from 'node:buffer'
import type { Client, Listener } from '../dns/query.ts'

/** A message that is written where it is sent from. */
export interface Outgoing {
  /** The most octets that it may have. */
  readonly longest: number
  /** Writes it from `at` on. Never throws. @returns the offset behind it */
  write(target: Uint8Array, at: number): number
  /** Further messages that a stream sends after it. Each is made when the one before has left; a sender that stops early calls `return`. */
  readonly following?: IteratorObject<Outgoing> | undefined
}

/** A message that is written already. */
export const written = (message: Uint8Array): Outgoing => ({
  longest: message.length,
  write(target, at) {
    target.set(message, at)
    return at + message.length
  },
})

/** The octets of a message, in memory of their own. */
export function octetsOf(message: Outgoing): Buffer {
  const octets = Buffer.allocUnsafe(message.longest)
  return octets.subarray(0, message.write(octets, 0))
}

/**
 * Takes a message from a transport and returns the reply to send. A transport knows nothing of DNS but the length of messages.
 * `received` is when it was read, by `performance.now()`; now by default.
 */
export type Receive = (
  message: Uint8Array,
  client: Client,
  received?: number,
) => Outgoing | undefined | PromiseLike<Outgoing | undefined>

/** Datagrams that were lost so far. */
export interface Losses {
  /** Replies that the kernel did not take. */
  readonly unsent: number
  /** Those that came faster than they were read: the kernel threw them away. */
  readonly overflows: number
  /** Those that had waited longest when others were thrown away, and were not answered. */
  readonly shed: number
}

/** What one connection of a client may take. Times in milliseconds. */
export interface ConnectionLimits {
  /** Until the first message is whole, and until any later one is that has begun; with TLS, until hands are shaken, too. */
  read: number
  /** Until the client has read what is sent to it. */
  write: number
  /** Without a message begun and without a reply owed. */
  idle: number
  /** Messages that are answered. */
  queries: number
  /** Requests of HTTP/2 that are being answered; those above are refused. */
  streams: number
}

/** The connections of one place, over all its addresses. */
export interface Held {
  count: number
  limit: number
}

/** Reads what a proxy sends about its client, in front of the messages of that client (PROXY protocol). */
export interface ProxyHeaders {
  /** The message of a datagram behind its header, if it has one, and who sent it; undefined for a datagram to drop. Never throws. */
  datagram(
    message: Uint8Array,
    peer: Client,
    listener: Listener,
  ): { readonly message: Uint8Array; readonly client: Client } | undefined
  /** Whether connections of `peer` may begin with a header. Never throws. */
  concerns(peer: Client): boolean
  /** The beginning of a connection of which these octets have come; undefined if more of them are needed. Never throws. */
  beginning(octets: Buffer, peer: Client): Beginning | undefined
}

/** The header of a connection, or that it has none. */
export interface Beginning {
  /** Octets of the header. */
  readonly length: number
  /** Undefined to close the connection. */
  readonly client: Client | undefined
}

/** How an address is opened. */
export interface Opening {
  /** Other threads open it, too, and the kernel gives each client's messages to one of them (SO_REUSEPORT). Other processes of the user may as well. */
  readonly shared?: boolean
  /** The limits of new connections, where they differ from the defaults. */
  readonly limits?: () => Partial<ConnectionLimits>
  /** Its connections, where they are bounded apart from all others. */
  readonly held?: Held
  /** Reads the headers of new messages and connections; undefined if there are none. */
  readonly headers?: () => ProxyHeaders | undefined
}

/** The certificate of a listener, and what it demands of its clients. */
export interface TlsSettings {
  /** PEM: the certificate, with intermediate ones, and its key. */
  readonly cert: string
  readonly key: string
  /** PEM: the authorities that may have issued the certificates of clients; by default those that the system trusts. */
  readonly ca: string | undefined
  /** Whether clients are asked for a certificate, whether they must have one, and whether it is checked. */
  readonly client: { readonly asked: boolean; readonly needed: boolean; readonly verified: boolean }
}

/** An open listener of one transport. */
export interface Listening {
  readonly address: string
  readonly port: number
  /** Where the transport knows. */
  losses?(): Losses
  /** Changes the certificate for new clients; undefined where the transport is in the clear. */
  secure?(settings: TlsSettings | undefined): void
  /** Takes what has arrived, answers what is owed, then closes. */
  close(): Promise<void>
}

/**
 * A closing UDP listener reads until nothing more is queued: a query that the kernel took is answered. Where more comes all the time, it reads so many
 * datagrams: more than were there, as the kernel keeps 8 MiB at most and counts 768 octets for each.
 */
export const DRAIN = 16_384

/** The addresses to open for "all": one socket a family, so that IPv4 clients never show as mapped IPv6 addresses. */
export const ANY_ADDRESS = ['0.0.0.0', '::'] as const

export const isAnyAddress = (address: string): boolean => ANY_ADDRESS.some(any => any === address)

/** Whether the machine has no such address family, as opposed to a port that is taken. */
export const familyMissing = (error: unknown): boolean =>
  ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EPROTONOSUPPORT'].includes((error as NodeJS.ErrnoException).code ?? '')

/** Whom a connected UDP socket speaks to. */
export interface Peer {
  /** IPv6 with a zone index where it is of a link. */
  readonly address: string
  readonly port: number
  /** The address to send from; any by default. */
  readonly source?: string | undefined
}

/** What comes to a connected UDP socket. */
export interface PeerEvents {
  /** A datagram of the peer, in memory of its own. */
  received(datagram: Buffer): void
  /** A system error. With syscall `recvmsg` or `send` the socket goes on: it is an ICMP message that an earlier datagram brought. */
  failed(error: NodeJS.ErrnoException): void
}

/** An address, and a port of it. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** A UDP socket that hears one peer only. */
export interface PeerSocket {
  /** Where it sends from; undefined while it is not connected. */
  local(): Endpoint | undefined
  /** Has the datagram written, now, and sends it. What a full send buffer does not take is lost, as on any other way. */
  send(datagram: Outgoing): void
  close(): void
}

/** Opens a socket to a peer, from a random port. If that fails, `events` is told, now or later. */
export type ConnectUdp = (peer: Peer, events: PeerEvents) => PeerSocket
