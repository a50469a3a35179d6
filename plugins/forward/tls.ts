import { isIP } from 'node:net'
import { connect, createSecureContext, getCACertificates, type SecureContext, type TLSSocket } from 'node:tls'
import type { Credentials } from '#src/credentials.ts'

export const secureContext = ({ cert, key, ca }: Credentials): SecureContext =>
  createSecureContext({
    minVersion: 'TLSv1.2',
    cert,
    key,
    ca: ca ?? [...getCACertificates('default'), ...getCACertificates('system')],
  })

/** How TLS connections to one upstream are opened; each resumes the session of the last one. */
export function dialer(
  { address, port, source, serverName }: { address: string; port: number; source: string | undefined; serverName: string },
  context: SecureContext,
  ALPNProtocols?: string[],
): () => TLSSocket {
  let session: Buffer | undefined
  return () => {
    const socket = connect({
      host: address,
      port,
      // Without a name the certificate must be for the address; a name in the handshake may be no address (RFC 6066 §3).
      servername: isIP(serverName) ? '' : serverName,
      secureContext: context,
      rejectUnauthorized: true,
      ...(source !== undefined && { localAddress: source }),
      ...(ALPNProtocols && { ALPNProtocols }),
      ...(session && { session }),
    })
    socket.on('session', ticket => {
      session = ticket
    })
    return socket
  }
}
