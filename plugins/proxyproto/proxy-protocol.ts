import { LRUCache } from 'lru-cache'
import { toOctets } from '#src/dns/address.ts'
import type { Client, Listener } from '#src/dns/query.ts'
import { Complaints } from '#src/feeds/complaints.ts'
import type { Beginning, Instance, Logger, MetadataReader, ProxyHeaders } from '#src/plugin.ts'
import { type Header, readVersion1, readVersion2, vectorsOf, versionOf } from './header.ts'
import type { Options, Policy } from './options.ts'

const REFUSED: Beginning = { length: 0, client: undefined }

/** A datagram without its header, and its client. */
interface Datagram {
  readonly message: Uint8Array
  readonly client: Client
}

export class ProxyProtocol implements ProxyHeaders, Instance {
  readonly #options: Options
  readonly #complaints: Complaints
  /** Clients that were named by a header without a query, by listener and by the address and port of their proxy. */
  #sessions: LRUCache<string, Client> | undefined

  constructor(options: Options, log: Logger) {
    const { sessions } = options
    this.#options = options
    this.#complaints = new Complaints(line => log.warn(line))
    this.#sessions = sessions && new LRUCache({ max: sessions.most, ttl: sessions.ttl, updateAgeOnGet: true })
  }

  adopt(previous: Instance): void {
    const held = (previous as ProxyProtocol).#sessions
    if (!held || !this.#sessions) return
    if (held.max === this.#sessions.max && held.ttl === this.#sessions.ttl) this.#sessions = held
    // Without the TTL that dump() gives each: from now on the new one applies.
    else this.#sessions.load(held.dump().map(([peer, { value, start }]) => [peer, { value, start }]))
  }

  async stop(): Promise<void> {
    this.#complaints.end()
  }

  metadata(label: string): MetadataReader | undefined {
    return this.#options.vectors && label === 'proxyproto/tlv' ? ({ client }) => client.told : undefined
  }

  datagram(message: Uint8Array, peer: Client, listener: Listener): Datagram | undefined {
    try {
      return this.#read(message, peer, listener)
    } catch (error) {
      const { address, port, family } = peer
      const from = family === 6 ? `[${address}]:${port}` : `${address}:${port}`
      this.#complaints.add(`dropping invalid Proxy Protocol packet from ${from}: ${(error as Error).message}`)
      return undefined
    }
  }

  /** @throws {Error} why it is dropped */
  #read(message: Uint8Array, peer: Client, listener: Listener): Datagram | undefined {
    const policy = this.#policyFor(peer)
    const version = policy === 'skip' ? undefined : versionOf(message)
    const sessions = policy === 'use' ? this.#sessions : undefined
    const session = sessions ? `${listener.label} ${peer.address} ${peer.port}` : ''
    if (version === undefined || version === 'more') return { message, client: sessions?.get(session) ?? peer }
    const header = readDatagram(message, version)
    if (policy === 'reject') throw new Error('connection rejected by Proxy Protocol connection policy')
    const client = this.#clientOf(header, policy, peer)
    if (client !== peer) sessions?.set(session, client)
    // A header alone names the client of the datagrams that follow.
    if (sessions && header.length === message.length) return undefined
    return { message: message.subarray(header.length), client }
  }

  concerns(peer: Client): boolean {
    return this.#policyFor(peer) !== 'skip'
  }

  beginning(octets: Uint8Array, peer: Client): Beginning | undefined {
    const version = versionOf(octets)
    if (version === 'more') return undefined
    if (version === undefined) return { length: 0, client: peer }
    const policy = this.#policyFor(peer)
    try {
      const header = version === 1 ? readVersion1(octets) : readVersion2(octets)
      if (!header) return undefined
      return policy === 'reject' ? REFUSED : { length: header.length, client: this.#clientOf(header, policy, peer) }
    } catch {
      return REFUSED
    }
  }

  #policyFor({ address }: Client): Policy {
    const { allowed, otherwise } = this.#options
    if (allowed.length === 0) return otherwise
    const octets = toOctets(address)!
    return allowed.some(subnet => subnet.has(octets)) ? 'use' : otherwise
  }

  #clientOf(header: Header, policy: Policy, peer: Client): Client {
    const { source } = header
    if (policy !== 'use' || !source) return peer
    const told = this.#options.vectors ? vectorsOf(header) : undefined
    return told === undefined ? source : { ...source, told }
  }
}

/** @throws {Error} what is wrong with the header of a datagram */
function readDatagram(message: Uint8Array, version: 1 | 2): Header {
  if (version === 1) throw new Error('unsupported Proxy Protocol version 1 (only v2 supported for UDP)')
  const header = readVersion2(message)
  if (!header) throw new Error(`Proxy Protocol header does not end in the packet (packet size: ${message.length})`)
  if (!header.isUdp) throw new Error('Proxy Protocol header is not UDP type')
  return header
}
