/** DNS over TLS (RFC 7858). */
import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { type Connections, STREAM_LIMITS } from './stream.ts'
import { listenStream } from './tcp.ts'
import type { Listening, Opening, Receive, TlsSettings } from './transport.ts'

/** As `listenTcp`. @throws a system error, or what is wrong with the settings */
export async function listenTls(
  address: string,
  port: number,
  receive: Receive,
  connections: Connections,
  settings: TlsSettings,
  opening: Opening = {},
): Promise<Listening> {
  let server: Server
  let secure = (_settings: TlsSettings): void => {}
  const over = (serve: (stream: TLSSocket) => void) => {
    secure = changed => {
      server = handshakes(changed, serve)
    }
    secure(settings)
    return (socket: Socket) => void server.emit('connection', socket)
  }
  return Object.assign(await listenStream(address, port, receive, connections, over, opening), { secure })
}

/** What shakes hands on connections that are handed to it. */
function handshakes({ cert, key, ca, client }: TlsSettings, serve: (stream: TLSSocket) => void): Server {
  const { asked, needed, verified } = client
  const server = createServer({
    cert,
    key,
    ca,
    minVersion: 'TLSv1.2',
    requestCert: asked,
    rejectUnauthorized: needed && verified,
    handshakeTimeout: STREAM_LIMITS.read,
  })
  return server
    .on('secureConnection', stream => {
      const shown = asked && stream.getPeerX509Certificate() !== undefined
      if (shown ? verified && !stream.authorized : needed) stream.destroy()
      else serve(stream)
    })
    .on('tlsClientError', (_error, stream) => stream.destroy())
}
