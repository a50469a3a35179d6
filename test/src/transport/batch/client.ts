/** A UDP client that sends and reads in batches, at once: what it sent is in the server's receive buffer when `send` returns. */
import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Native, openNative } from '#src/transport/batch/native.ts'
import { BATCH, NAME_LENGTH } from '#src/transport/batch/ring.ts'
import { openSocket } from '#src/transport/batch/socket.ts'
import { written } from '#src/transport/transport.ts'

export class BatchClient implements Disposable {
  readonly port: number
  readonly #native: Native
  readonly #fd: number
  readonly #server: Uint32Array

  constructor(address: string, serverPort: number) {
    this.#native = openNative()
    const { calls, ring } = this.#native
    const { fd, port } = openSocket(this.#native, address, 0)
    this.#fd = fd
    this.port = port
    const { scratch, scratchAt } = ring
    for (let at = 0; at < NAME_LENGTH; at += 4) scratch.setUint32(at, 0)
    if (address.includes(':')) calls.uv_ip6_addr(address, serverPort, scratchAt)
    else calls.uv_ip4_addr(address, serverPort, scratchAt)
    this.#server = new Uint32Array(scratch.buffer.slice(scratch.byteOffset, scratch.byteOffset + NAME_LENGTH))
  }

  send(...datagrams: readonly Uint8Array[]): void {
    const { calls, ring } = this.#native
    const flush = () => {
      for (let sent = 0; sent < ring.queued; ) {
        const count = calls.sendmmsg(this.#fd, ring.outgoing(sent), ring.queued - sent, 0)
        if (count <= 0) throw new Error(`sendmmsg: errno ${this.#native.errno()}`)
        sent += count
      }
      ring.clear()
    }
    for (const datagram of datagrams) {
      if (ring.put(written(datagram), this.#server, 0)) continue
      flush()
      ring.put(written(datagram), this.#server, 0)
    }
    flush()
  }

  /** What has arrived, in its order. */
  receive(): Buffer[] {
    const { calls, ring } = this.#native
    const datagrams: Buffer[] = []
    for (;;) {
      const count = calls.recvmmsg(this.#fd, ring.incoming, BATCH, 0, 0n)
      for (let i = 0; i < count; i++) datagrams.push(ring.message(i))
      if (count < BATCH) return datagrams
    }
  }

  /** Waits until `count` datagrams have come. */
  async wait(count: number): Promise<Buffer[]> {
    const deadline = performance.now() + 5000
    const datagrams: Buffer[] = []
    while (datagrams.length < count) {
      assert.ok(performance.now() < deadline, `${datagrams.length} datagrams of ${count} came in time`)
      await nextTurn()
      datagrams.push(...this.receive())
    }
    return datagrams
  }

  [Symbol.dispose](): void {
    this.#native.calls.close(this.#fd)
  }
}
