/** TLS and HTTPS. Loaded for upstreams that want them: Node's modules behind them take 5 MB. */
import type { Credentials } from '#src/credentials.ts'
import { HttpsPool } from './https.ts'
import type { CreatePools } from './pool.ts'
import { StreamPool } from './streams.ts'
import { dialer, secureContext } from './tls.ts'

/** @throws {Error} the credentials do not fit together */
export function securePools(credentials: Credentials): CreatePools {
  const context = secureContext(credentials)
  return (settings, to, metrics) => {
    const { scheme, port, serverName, dohMethod } = settings
    if (scheme === 'https') {
      const authority = serverName ? `${serverName}:${port}` : to
      const streams = new HttpsPool({ ...settings, to, authority, method: dohMethod }, dialer(settings, context, ['h2']))
      return { datagrams: undefined, streams }
    }
    const dialing = { dial: dialer(settings, context), established: 'secureConnect' } as const
    return { datagrams: undefined, streams: new StreamPool({ ...settings, to }, dialing, metrics.connections('tcp-tls')) }
  }
}
