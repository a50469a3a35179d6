/** DNS over TLS (RFC 7858). */
import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls'
import type { Client } from '../dns/query.ts'
import { type Connections, STREAM_LIMITS } from './stream.ts'
import { framed, listenStream } from './tcp.ts'
import type { Listening, Opening, Receive, TlsSettings } from './transport.ts'

/** As `listenTcp`. @param settings undefined for in the clear @throws a system error, or what is wrong with the settings */
export type ListenSecure = (
  address: string,
  port: number,
  receive: Receive,
  connections: Connections,
  settings: TlsSettings | undefined,
  opening?: Opening,
) => Promise<Listening>

/** As `listenTcp`. @throws a system error, or what is wrong with the settings */
export const listenTls = (
  address: string,
  port: number,
  receive: Receive,
  connections: Connections,
  settings: TlsSettings,
  opening?: Opening,
): Promise<Listening> => {
  const { take, end } = framed(connections, receive, opening)
  const create: Secured['create'] = (changed, clientOf) =>
    createServer(optionsOf(changed, opening), stream => {
      // A client may have said everything, and still wait for replies.
      stream.allowHalfOpen = true
      const client = clientOf(stream)
      if (client && isWelcome(stream, changed)) take(stream, client)
      else stream.destroy()
    })
  return listenSecure(address, port, { create, end }, connections, settings, opening)
}

/** What is spoken over TLS: what shakes hands on connections that it is handed, and serves them, unless their clients have left; and what ends them. */
export interface Secured {
  create(settings: TlsSettings, clientOf: (stream: TLSSocket) => Client | undefined): Server
  /** Serves a connection in the clear, where there are no settings. */
  take?(socket: Socket, client: Client): void
  end(): void
}

/** Serves one TCP address with what is spoken over TLS. @param settings undefined where it is spoken in the clear */
export async function listenSecure(
  address: string,
  port: number,
  { create, take: takeBare, end }: Secured,
  connections: Connections,
  settings: TlsSettings | undefined,
  opening?: Opening,
): Promise<Listening> {
  let server: Server | undefined
  // By its ends: Node does not tell which connection it secures.
  const clients = new Map<string, Client>()
  const secure = (changed: TlsSettings | undefined) => {
    server =
      changed && create(changed, stream => clients.get(endsOf(stream))).on('tlsClientError', (_error, stream) => stream.destroy())
  }
  secure(settings)
  const take = (socket: Socket, client: Client) => {
    // Who ends the connection while shaking hands has left; so has who speaks HTTP, whose requests have ends of their own.
    socket.allowHalfOpen = false
    if (!server) {
      takeBare?.(socket, client)
      return
    }
    const ends = endsOf(socket)
    clients.set(ends, client)
    socket.once('close', () => {
      if (clients.get(ends) === client) clients.delete(ends)
    })
    server.emit('connection', socket)
  }
  return Object.assign(await listenStream(address, port, { take, end }, connections, opening), { secure })
}

const endsOf = ({ remoteAddress, remotePort, localAddress }: Socket): string => `${remoteAddress} ${remotePort} ${localAddress}`

/** The settings as Node takes them. */
export const optionsOf = ({ cert, key, ca, client }: TlsSettings, { limits }: Opening = {}): TlsOptions => ({
  cert,
  key,
  ca,
  minVersion: 'TLSv1.2',
  requestCert: client.asked,
  rejectUnauthorized: client.needed && client.verified,
  handshakeTimeout: limits?.().read ?? STREAM_LIMITS.read,
})

/** Whether a client that has shaken hands has shown what it must. */
export function isWelcome(stream: TLSSocket, { client: { asked, needed, verified } }: TlsSettings): boolean {
  const shown = asked && stream.getPeerX509Certificate() !== undefined
  return shown ? stream.authorized || !verified : !needed
}
