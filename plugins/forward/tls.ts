import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { connect, createSecureContext, getCACertificates, type SecureContext, type TLSSocket } from 'node:tls'

/** PEM texts. */
export interface Credentials {
  readonly cert: string | undefined
  readonly key: string | undefined
  /** Whom to trust; the system when nothing is said. */
  readonly ca: string | undefined
}

/** The files of `tls [CERT KEY] [CA]`; relative names count from `root`. @throws a system error */
export function readCredentials(files: readonly string[], root: string): Credentials {
  const [first, second, third] = files.map(file => readFileSync(resolve(root, file), 'utf8'))
  return files.length === 1 ? { cert: undefined, key: undefined, ca: first } : { cert: first, key: second, ca: third }
}

/** @throws {Error} a text holds no certificate or key, or the two do not belong together */
export function secureContext({ cert, key, ca }: Credentials): SecureContext {
  try {
    // Node would pass over what is no certificate, and trust nobody.
    if (ca !== undefined) new X509Certificate(ca)
    return createSecureContext({
      minVersion: 'TLSv1.2',
      cert,
      key,
      ca: ca ?? [...getCACertificates('default'), ...getCACertificates('system')],
    })
  } catch (error) {
    throw new Error(`could not load TLS files: ${(error as Error).message}`)
  }
}

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
