import type { Client, Transport } from '../dns/query.ts'
import type { Site } from '../server.ts'
import { Connections } from '../transport/stream.ts'
import { listenTcp } from '../transport/tcp.ts'
import { ANY_ADDRESS, familyMissing, type Listening, type Receive } from '../transport/transport.ts'
import type { Udp } from '../transport/udp-mode.ts'
import type { Zones } from './zones.ts'

/** Where a server block wants to listen. */
export interface Place {
  readonly scheme: 'dns'
  /** An IP address; empty for all. */
  readonly address: string
  readonly port: number
}

/** As metrics name it, and as listeners are told apart: `dns://:53`, `dns://[::1]:53`. */
export const placeLabel = ({ scheme, address, port }: Place): string =>
  `${scheme}://${address.includes(':') ? `[${address}]` : address}:${port}`

/** `::` means all, as operators expect of it. */
const isAny = (place: Place): boolean => place.address === '' || place.address === '::'

/** A place with its open sockets. */
export interface OpenPlace extends Site {
  close(): Promise<void>
}

type Respond = (message: Uint8Array, client: Client, transport: Transport, site: Site) => ReturnType<Receive>

/** Opens places; connections of all of them count together. */
export class Listeners {
  readonly connections = new Connections()
  readonly #respond: Respond
  readonly #udp: () => Promise<Udp>

  constructor(respond: Respond, udp: () => Promise<Udp>) {
    this.#respond = respond
    this.#udp = udp
  }

  /** Opens UDP and TCP, to serve `zones` from the first query on. Port 0 takes one port that is free for both. @throws a system error that names the place */
  async open(place: Place, zones: Zones): Promise<OpenPlace> {
    const attempts = place.port === 0 ? 20 : 1
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#openOnce(place, zones)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'EADDRINUSE' && attempt < attempts) continue
        throw Object.assign(new Error(`listen ${placeLabel(place)}: ${(error as Error).message}`, { cause: error }), { code })
      }
    }
  }

  async #openOnce(place: Place, zones: Zones): Promise<OpenPlace> {
    const site = { label: placeLabel(place), address: place.address, port: place.port, zones }
    const { listen: listenUdp } = await this.#udp()
    const open: Listening[] = []
    const close = async () => void (await Promise.all(open.map(listening => listening.close())))
    try {
      for (const address of isAny(place) ? ANY_ADDRESS : [place.address]) {
        const at = open[0]?.port ?? place.port
        try {
          const udp = await listenUdp(address, at, (message, client) => this.#respond(message, client, 'udp', site))
          open.push(udp)
          open.push(
            await listenTcp(
              address,
              udp.port,
              (message, client) => this.#respond(message, client, 'tcp', site),
              this.connections,
            ),
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
    if (place.port === 0) site.label = placeLabel({ ...place, port: site.port })
    return Object.assign(site, { close })
  }
}
