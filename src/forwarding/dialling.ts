import { connect, type IpcSocketConnectOpts, type Socket, type TcpSocketConnectOpts } from 'node:net'
import type { Credentials } from '../credentials.ts'
import type { Place } from './tls.ts'

/**
 * How connections of HTTP/2 to one server are opened.
 * @param credentials of TLS; undefined for in the clear
 * @param serverName that its certificate must have; empty for the address
 */
export async function dialling(place: Place, credentials: Credentials | undefined, serverName: string): Promise<() => Socket> {
  if (!credentials) return () => connect(place as TcpSocketConnectOpts | IpcSocketConnectOpts)
  // Node's modules behind it take 5 MB.
  const { dialer, secureContext } = await import('./tls.ts')
  return dialer(place, serverName, secureContext(credentials), ['h2'])
}
