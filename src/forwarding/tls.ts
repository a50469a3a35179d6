import { type IpcSocketConnectOpts, isIP, type TcpSocketConnectOpts } from 'node:net'
import { connect, createSecureContext, getCACertificates, type SecureContext, type TLSSocket } from 'node:tls'
import type { Credentials } from '../credentials.ts'

export const secureContext = ({ cert, key, ca }: Credentials): SecureContext =>
  createSecureContext({
    minVersion: 'TLSv1.2',
    cert,
    key,
    ca: ca ?? [...getCACertificates('default'), ...getCACertificates('system')],
  })

/** Where a server is: a port that is connected to from any address where none is given, or a socket of this machine. */
export type Place =
  | { readonly host: string; readonly port: number; readonly localAddress?: string | undefined }
  | { readonly path: string }

/** How TLS connections to one upstream are opened; each resumes the session of the last one. @param serverName empty for the address */
export function dialer(place: Place, serverName: string, context: SecureContext, ALPNProtocols?: string[]): () => TLSSocket {
  let session: Buffer | undefined
  return () => {
    const socket = connect({
      ...(place as TcpSocketConnectOpts | IpcSocketConnectOpts),
      // Without a name the certificate must be for the address; a name in the handshake may be no address (RFC 6066 §3).
      servername: isIP(serverName) ? '' : serverName,
      secureContext: context,
      rejectUnauthorized: true,
      ...(ALPNProtocols && { ALPNProtocols }),
      ...(session && { session }),
    })
    socket.on('session', ticket => {
      session = ticket
    })
    return socket
  }
}
