import { listenBatch } from './batch/listener.ts'
import { selfTest } from './batch/self-test.ts'
import { listenUdp } from './udp.ts'

/** How datagrams are read and written: in batches, one by one, or in batches where the self-test says that they work (`-udp`). */
export type UdpMode = 'auto' | 'batch' | 'dgram'

export type ListenUdp = typeof listenUdp

/**
 * @param onFallback is told why `auto` does without batches
 * @throws {Error} why there can be no batches, with `batch`
 */
export async function chooseUdp(mode: UdpMode, onFallback: (reason: string) => void): Promise<ListenUdp> {
  if (mode === 'dgram') return listenUdp
  try {
    await selfTest()
    return listenBatch
  } catch (error) {
    const reason = (error as Error).message
    if (mode === 'batch') throw new Error(`-udp batch: ${reason}`, { cause: error })
    onFallback(reason)
    return listenUdp
  }
}
