/** TLS, for targets that want it: Node's modules behind it take 5 MB. */
import { isIP, type Server, type Socket } from 'node:net'
import { connect, createServer, getCACertificates, type TLSSocket } from 'node:tls'
import type { Credentials } from '#src/credentials.ts'

/** Milliseconds. */
const HANDSHAKE = 4000

/** @param skipVerify its certificate need not be good */
export const dialTls = (host: string, port: number, skipVerify: boolean): TLSSocket =>
  connect({
    host,
    port,
    // A name in the handshake may be no address (RFC 6066 §3).
    servername: isIP(host) ? '' : host,
    minVersion: 'TLSv1.2',
    ca: [...getCACertificates('default'), ...getCACertificates('system')],
    rejectUnauthorized: !skipVerify,
  })

/** Whoever connects must have a good certificate where there is a CA; with `skipVerify` none, or a good one. */
export const tlsServer =
  ({ cert, key, ca }: Credentials, skipVerify: boolean) =>
  (take: (socket: Socket) => void): Server => {
    const asks = ca !== undefined
    const client = { requestCert: asks, rejectUnauthorized: asks && !skipVerify }
    return createServer({ cert, key, ca, minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE, ...client }, socket => {
      const isShown = Object.keys(socket.getPeerCertificate()).length > 0
      if (asks && isShown && !socket.authorized) socket.destroy()
      else take(socket)
    })
  }
