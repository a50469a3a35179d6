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

/**
 * How TLS connections to one upstream are opened. Each resumes the session of the last one, for as long as the certificate that was shown then
 * is valid: who resumes shows none (RFC 8446 §2.2).
 * @param serverName empty for the address
 */
export function dialer(place: Place, serverName: string, context: SecureContext, ALPNProtocols?: string[]): () => TLSSocket {
  let session: Buffer | undefined
  let expires = 0
  return () => {
    const socket = connect({
      ...(place as TcpSocketConnectOpts | IpcSocketConnectOpts),
      // Without a name the certificate must be for the address; a name in the handshake may be no address (RFC 6066 §3).
      servername: isIP(serverName) ? '' : serverName,
      secureContext: context,
      rejectUnauthorized: true,
      ...(ALPNProtocols && { ALPNProtocols }),
      ...(session && Date.now() < expires && { session }),
    })
    socket.on('session', ticket => {
      session = ticket
      expires = socket.getPeerX509Certificate()?.validToDate.getTime() ?? 0
    })
    return socket
  }
}
