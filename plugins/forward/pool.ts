import { connect } from 'node:net'
import type { SecureContext } from 'node:tls'
import { DatagramPool } from './datagrams.ts'
import type { Exchange } from './exchange.ts'
import { HttpsPool } from './https.ts'
import type { UpstreamMetrics } from './metrics.ts'
import { StreamPool } from './streams.ts'
import { dialer } from './tls.ts'
import type { UpstreamSettings } from './upstream.ts'

/** The sockets of one kind to one upstream. */
export interface Pool {
  /** Failures are told to the exchange; a system error may be thrown as well. */
  ask(exchange: Exchange): void
  /** Closes what is not needed any more; says whether anything is left. */
  sweep(now: number): boolean
  close(): void
}

/**
 * The pools of an upstream; sockets are opened when they are needed.
 * @param to its name in errors
 * @param context where the scheme is not `dns`
 */
export function createPools(
  settings: UpstreamSettings,
  to: string,
  metrics: UpstreamMetrics,
  context: SecureContext | undefined,
): { datagrams: Pool | undefined; streams: Pool } {
  const { scheme, address, port, source, serverName, dohMethod } = settings
  const named = { ...settings, to }
  if (scheme === 'https') {
    const authority = serverName ? `${serverName}:${port}` : to
    const streams = new HttpsPool({ ...named, authority, method: dohMethod }, dialer(settings, context!, ['h2']))
    return { datagrams: undefined, streams }
  }
  if (scheme === 'tls') {
    const dialing = { dial: dialer(settings, context!), established: 'secureConnect' } as const
    return { datagrams: undefined, streams: new StreamPool(named, dialing, metrics.connections('tcp-tls')) }
  }
  const dial = () => connect({ host: address, port, ...(source !== undefined && { localAddress: source }) })
  return {
    datagrams: new DatagramPool(named, metrics.connections('udp')),
    streams: new StreamPool(named, { dial, established: 'connect' }, metrics.connections('tcp')),
  }
}
