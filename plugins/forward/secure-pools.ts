/** TLS and HTTPS. Loaded for upstreams that want them: Node's modules behind them take 5 MB. */
import type { Credentials } from '#src/credentials.ts'
import { dialer, secureContext } from '#src/forwarding/tls.ts'
import { HttpsPool } from './https.ts'
import type { CreatePools } from './pool.ts'
import { StreamPool } from './streams.ts'

/** @throws {Error} the credentials do not fit together */
export function securePools(credentials: Credentials): CreatePools {
  const context = secureContext(credentials)
  return (settings, to, metrics) => {
    const { scheme, address, port, source, serverName, dohMethod } = settings
    const place = { host: address, port, ...(source !== undefined && { localAddress: source }) }
    if (scheme === 'https') {
      const authority = serverName ? `${serverName}:${port}` : to
      const streams = new HttpsPool({ ...settings, to, authority, method: dohMethod }, dialer(place, serverName, context, ['h2']))
      return { datagrams: undefined, streams }
    }
    const dialing = { dial: dialer(place, serverName, context), established: 'secureConnect' } as const
    return { datagrams: undefined, streams: new StreamPool({ ...settings, to }, dialing, metrics.connections('tcp-tls')) }
  }
}
