import type { Transport } from '../dns/query.ts'
import type { Respond, Site } from '../server.ts'
import { Connections, STREAM_LIMITS } from '../transport/stream.ts'
import { listenTcp } from '../transport/tcp.ts'
import {
  ANY_ADDRESS,
  type ConnectionLimits,
  familyMissing,
  type Listening,
  type Losses,
  type Opening,
  type ProxyHeaders,
  type Receive,
  type TlsSettings,
} from '../transport/transport.ts'
import type { Udp } from '../transport/udp-mode.ts'
import type { Zones } from './zones.ts'

export const SERVED_SCHEMES = ['dns', 'tls', 'https', 'grpc'] as const

export type ServedScheme = (typeof SERVED_SCHEMES)[number]

/** Where a server block wants to listen. */
export interface Place {
  readonly scheme: ServedScheme
  /** An IP address; empty for all. */
  readonly address: string
  readonly port: number
  /** How many threads have a socket there; undefined for one thread, which does not share its port. */
  readonly sockets: number | undefined
  /** For those that are not plain DNS; undefined for HTTPS and gRPC in the clear. */
  readonly tls: TlsSettings | undefined
  /** Of its connections, where they are others than usual. */
  readonly limits: Partial<ConnectionLimits>
  /** How many it may have at a time, over all threads; undefined for as many as all places together. */
  readonly connections: number | undefined
  /** What proxies put in front of what their clients say. */
  readonly headers: ProxyHeaders | undefined
}

/** As metrics name it, and as listeners are told apart: `dns://:53`, `dns://[::1]:53`. */
export const placeLabel = ({ scheme, address, port }: Pick<Place, 'scheme' | 'address' | 'port'>): string =>
  `${scheme}://${address.includes(':') ? `[${address}]` : address}:${port}`

/** `::` means all, as operators expect of it. */
export const isAny = (place: Place): boolean => place.address === '' || place.address === '::'

/** Whether only one of them can be open: whatever is spoken, it is also spoken over TCP. */
export const collide = (one: Place, other: Place): boolean =>
  one.port === other.port && one.port !== 0 && (isAny(one) || isAny(other) || one.address === other.address)

/** A place with its open sockets. */
export interface OpenPlace extends Site, Place {
  /** Of all its sockets that know. */
  losses(): Losses[]
  /** Clients that come from now on are served as `place`, which has its label, says. */
  change(place: Place): void
  close(): Promise<void>
}

type Listen = (address: string, port: number, opening: Opening) => Promise<Listening>

/** The connections that one thread may have at a place. */
const shareOf = ({ connections = Number.POSITIVE_INFINITY, sockets = 1 }: Place): number => Math.ceil(connections / sockets)

/** Connections that one client may have with any thread. */
const FEW = 8

/** Opens places; connections of all of them count together. */
export class Listeners {
  readonly connections = new Connections()
  readonly #respond: Respond
  readonly #udp: () => Promise<Udp>

  constructor(respond: Respond, udp: () => Promise<Udp>) {
    this.#respond = respond
    this.#udp = udp
  }

  /** The connections of this thread, of `threads`, are its share of those of the process; a client's are never bound to fewer than a few. */
  share(threads: number): void {
    const { connections, perClient, requests } = STREAM_LIMITS
    this.connections.limits = {
      ...STREAM_LIMITS,
      connections: Math.ceil(connections / threads),
      requests: Math.ceil(requests / threads),
      perClient: Math.max(Math.ceil(perClient / threads), Math.min(perClient, FEW)),
    }
  }

  /**
   * Opens UDP and TCP, or what the scheme says alone, to serve `zones` from the first query on. Port 0 takes one port that is free for both.
   * @param joined the port at which another thread has opened it
   * @throws a system error that names the place
   */
  async open(place: Place, zones: Zones, joined?: number): Promise<OpenPlace> {
    const attempts = place.port === 0 ? 20 : 1
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#openChecked(place, zones, joined)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'EADDRINUSE' && attempt < attempts) continue
        throw Object.assign(new Error(`listen ${placeLabel(place)}: ${(error as Error).message}`, { cause: error }), { code })
      }
    }
  }

  async #openChecked(place: Place, zones: Zones, joined: number | undefined): Promise<OpenPlace> {
    if (place.sockets === undefined) return this.#openOnce(place, zones, {})
    if (joined !== undefined) return this.#openOnce({ ...place, port: joined }, zones, { shared: true })
    // Another process of this user could share the port unnoticed, so it is first opened alone, to see that it is free. That socket answers
    // nobody, since there is a moment without a socket after it.
    const alone = await this.#openOnce(place, zones, {}, () => undefined)
    await alone.close()
    return this.#openOnce({ ...place, port: alone.port }, zones, { shared: true })
  }

  async #openOnce(place: Place, zones: Zones, opening: Opening, respond = this.#respond): Promise<OpenPlace> {
    const site = { ...place, label: placeLabel(place), zones }
    const held = { count: 0, limit: shareOf(place) }
    const ways = await this.#ways(place, transport => (message, client, received) => {
      const { headers } = site
      if (headers === undefined || transport !== 'udp') return respond(message, client, transport, site, received)
      const inside = headers.datagram(message, client, site)
      return inside && respond(inside.message, inside.client, transport, site, received)
    })
    const open: Listening[] = []
    const close = async () => void (await Promise.all(open.map(listening => listening.close())))
    try {
      for (const address of isAny(place) ? ANY_ADDRESS : [place.address]) {
        try {
          for (const listen of ways)
            open.push(
              await listen(address, open[0]?.port ?? place.port, {
                ...opening,
                held,
                limits: () => site.limits,
                headers: () => site.headers,
              }),
            )
        } catch (error) {
          // A machine without IPv6 is served over IPv4, and the other way round.
          if (!(isAny(place) && familyMissing(error))) throw error
        }
      }
      if (open.length === 0) throw new Error('no address family is available')
    } catch (error) {
      await close()
      throw error
    }
    site.port = open[0]!.port
    site.label = placeLabel(site)
    return Object.assign(site, {
      close,
      losses: () => open.flatMap(listening => listening.losses?.() ?? []),
      change(changed: Place) {
        const { tls, limits, headers } = changed
        site.limits = limits
        site.headers = headers
        held.limit = shareOf(changed)
        for (const listening of open) listening.secure?.(tls)
      },
    })
  }

  /** How each address of the place is opened: by which transports. */
  async #ways({ scheme, tls }: Place, receive: (transport: Transport) => Receive): Promise<Listen[]> {
    const { connections } = this
    if (scheme === 'grpc') {
      const { listenGrpc } = await import('../transport/grpc.ts')
      return [(address, port, opening) => listenGrpc(address, port, receive(scheme), connections, tls, opening)]
    }
    if (scheme === 'https') {
      const { listenHttps } = await import('../transport/https.ts')
      return [(address, port, opening) => listenHttps(address, port, receive(scheme), connections, tls, opening)]
    }
    if (scheme === 'tls') {
      const { listenTls } = await import('../transport/tls.ts')
      return [(address, port, opening) => listenTls(address, port, receive(scheme), connections, tls!, opening)]
    }
    const udp = await this.#udp()
    return [
      (address, port, opening) => udp.listen(address, port, receive('udp'), opening),
      (address, port, opening) => listenTcp(address, port, receive('tcp'), connections, opening),
    ]
  }
}
