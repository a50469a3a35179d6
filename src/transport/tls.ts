/** DNS over TLS (RFC 7858). */
import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls'
import { type Connections, STREAM_LIMITS } from './stream.ts'
import { framed, listenStream } from './tcp.ts'
import type { Listening, Opening, Receive, TlsSettings } from './transport.ts'

/** As `listenTcp`. @throws a system error, or what is wrong with the settings */
export type ListenSecure = (
  address: string,
  port: number,
  receive: Receive,
  connections: Connections,
  settings: TlsSettings,
  opening?: Opening,
) => Promise<Listening>

export const listenTls: ListenSecure = (address, port, receive, connections, settings, opening) => {
  const { take, end } = framed(connections, receive, opening)
  const create = (changed: TlsSettings) =>
    createServer(optionsOf(changed, opening), stream => {
      // A client may have said everything, and still wait for replies.
      stream.allowHalfOpen = true
      if (isWelcome(stream, changed)) take(stream)
      else stream.destroy()
    })
  return listenSecure(address, port, { create, end }, connections, settings, opening)
}

/** What is spoken over TLS: what shakes hands on connections that it is handed, and serves them; and what ends them. */
export interface Secured {
  create(settings: TlsSettings): Server
  end(): void
}

/** Serves one TCP address with what is spoken over TLS. */
export async function listenSecure(
  address: string,
  port: number,
  { create, end }: Secured,
  connections: Connections,
  settings: TlsSettings,
  opening?: Opening,
): Promise<Listening> {
  let server: Server
  const secure = (changed: TlsSettings) => {
    server = create(changed).on('tlsClientError', (_error, stream) => stream.destroy())
  }
  secure(settings)
  const take = (socket: Socket) => {
    // Who ends the connection while shaking hands has left; so has who speaks HTTP, whose requests have ends of their own.
    socket.allowHalfOpen = false
    server.emit('connection', socket)
  }
  return Object.assign(await listenStream(address, port, { take, end }, connections, opening), { secure })
}

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

/** Whether a client that has shaken hands is still there, so that its address is known, and has shown what it must. */
export function isWelcome(stream: TLSSocket, { client: { asked, needed, verified } }: TlsSettings): boolean {
  if (stream.remoteAddress === undefined) return false
  const shown = asked && stream.getPeerX509Certificate() !== undefined
  return shown ? stream.authorized || !verified : !needed
}
