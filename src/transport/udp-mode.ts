import { listenBatch } from './batch/listener.ts'
import { BatchPeers } from './batch/peers.ts'
import { selfTest } from './batch/self-test.ts'
import type { ConnectUdp } from './transport.ts'
import { connectUdp, listenUdp } from './udp.ts'

/** How datagrams are read and written: in batches, one by one, or in batches where the self-test says that they work (`-udp`). */
export type UdpMode = 'auto' | 'batch' | 'dgram'

type ListenUdp = typeof listenUdp

/** UDP of one of the two kinds. */
export interface Udp {
  readonly listen: ListenUdp
  readonly connect: ConnectUdp
}

const DGRAM: Udp = { listen: listenUdp, connect: connectUdp }

/**
 * @param onFallback is told why `auto` does without batches
 * @throws {Error} why there can be no batches, with `batch`
 */
export async function chooseUdp(mode: UdpMode, onFallback: (reason: string) => void): Promise<Udp> {
  if (mode === 'dgram') return DGRAM
  try {
    await selfTest()
    return { listen: listenBatch, connect: new BatchPeers().connect }
  } catch (error) {
    const reason = (error as Error).message
    if (mode === 'batch') throw new Error(`-udp batch: ${reason}`, { cause: error })
    onFallback(reason)
    return DGRAM
  }
}
