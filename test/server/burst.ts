import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { queryMessage } from '#test/support/message.ts'
import type { ServerProcess } from '#test/support/server.ts'

/** Sockets that share a burst, so that none has to hold more replies than the kernel keeps for one. */
const SOCKETS = 20

/**
 * How many small queries the kernel keeps for a server that asked for four mebibytes: it grants twice `rmem_max`, and counts some
 * 800 octets for each.
 */
export const kept = Math.floor(Math.min(8 << 20, 2 * Number(readFileSync('/proc/sys/net/core/rmem_max', 'utf8'))) / 1000)

/** UDP queries by the thousand, from several sockets. */
export class Burst implements AsyncDisposable {
  readonly #sockets: Socket[]
  sent = 0
  /** Rcodes of the replies, with how often each came. */
  readonly rcodes = new Map<number, number>()

  constructor(sockets: Socket[]) {
    this.#sockets = sockets
    for (const socket of sockets) {
      socket.on('message', reply => {
        const rcode = reply[3]! & 15
        this.rcodes.set(rcode, (this.rcodes.get(rcode) ?? 0) + 1)
      })
      socket.on('error', () => {})
    }
  }

  get answered(): number {
    return [...this.rcodes.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Sends `count` queries for `name`; resolves when the kernel has taken them. */
  async send(count: number, name: string, port: number): Promise<void> {
    const sends = Array.from({ length: count }, () => {
      const id = this.sent++
      const socket = this.#sockets[id % SOCKETS]!
      return new Promise(done => socket.send(queryMessage(name, 'A', { id: id & 0xffff }), port, '127.0.0.1', done))
    })
    await Promise.all(sends)
  }

  /** Waits until every query is answered, or no reply has come for half a second. */
  async settle(): Promise<void> {
    for (let quiet = 0, before = -1; this.answered < this.sent && quiet < 50; before = this.answered) {
      await sleep(10)
      quiet = this.answered === before ? quiet + 1 : 0
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) {
      socket.close()
      await once(socket, 'close')
    }
  }
}

export async function openBurst(): Promise<Burst> {
  const sockets = Array.from({ length: SOCKETS }, () => createSocket('udp4'))
  for (const socket of sockets) {
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
  }
  return new Burst(sockets)
}

/** A burst for `name`, and SIGTERM behind it: every query that the kernel has taken is answered NOERROR before the server ends. */
export async function endsAnswered(server: ServerProcess, name: string): Promise<void> {
  await using burst = await openBurst()
  // A stopped process reads nothing: the burst is all there when it hears of the signal.
  server.signal('SIGSTOP')
  await burst.send(Math.min(2000, kept), name, server.port)
  server.signal('SIGTERM')
  server.signal('SIGCONT')
  assert.deepEqual(await server.exited, { code: 0, signal: null })
  await burst.settle()
  assert.deepEqual([...burst.rcodes], [[0, burst.sent]])
}
