import { connect } from 'node:net'
import type { ConnectUdp } from '#src/plugin.ts'
import { DatagramPool } from './datagrams.ts'
import type { Exchange } from './exchange.ts'
import type { UpstreamMetrics } from './metrics.ts'
import { StreamPool } from './streams.ts'
import type { UpstreamSettings } from './upstream.ts'

/** The sockets of one kind to one upstream. */
export interface Pool {
  /** Failures are told to the exchange; a system error may be thrown as well. */
  ask(exchange: Exchange): void
  /** Closes what is not needed any more; says whether anything is left. */
  sweep(now: number): boolean
  close(): void
}

/** The pools of an upstream; sockets are opened when they are needed. */
interface Pools {
  /** Undefined where it takes no datagrams. */
  readonly datagrams: Pool | undefined
  readonly streams: Pool
}

/** @param to the upstream's name in errors */
export type CreatePools = (settings: UpstreamSettings, to: string, metrics: UpstreamMetrics) => Pools

/** UDP and TCP. */
export function plainPools(connectUdp: ConnectUdp): CreatePools {
  return (settings, to, metrics) => {
    const { address, port, source } = settings
    const dial = () => connect({ host: address, port, ...(source !== undefined && { localAddress: source }) })
    return {
      datagrams: new DatagramPool({ ...settings, to }, connectUdp, metrics.connections('udp')),
      streams: new StreamPool({ ...settings, to }, { dial, established: 'connect' }, metrics.connections('tcp')),
    }
  }
}
