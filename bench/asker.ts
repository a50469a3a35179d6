import { createSocket, type Socket } from 'node:dgram'
import { setTimeout as wait } from 'node:timers/promises'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { outcome } from './verify.ts'

/** Milliseconds between bursts of queries. */
const TICK = 1
/** Queries in one burst: who was kept from asking does not make up for it at once. */
const MAX_BURST = 50
/** Milliseconds until a reply does not come any more. */
const PATIENCE = 2000
/** Octets; the kernel grants what it may. */
const RECEIVE_BUFFER = 4 << 20

/** A client that asks for the A records of names by turns, so many a second, and hands over each reply. */
export class Asker implements Disposable {
  readonly counts = { asked: 0, answered: 0 }
  readonly #socket: Socket
  readonly #queries: readonly Buffer[]
  readonly #told: (name: number, outcome: string) => void
  /** Outcomes by the octets of the reply behind its id: reading one takes longer than asking. */
  readonly #outcomes = new Map<string, string>()
  readonly #timer: NodeJS.Timeout

  /** @param told which of the names, and what the reply to it comes to, as {@link outcome} writes it */
  constructor(port: number, names: readonly string[], rate: number, told: (name: number, outcome: string) => void) {
    this.#queries = names.map((name, i) => {
      const query = queryMessage(name, 'A')
      query.writeUInt16BE(i)
      return query
    })
    this.#told = told
    this.#socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER }).on('message', reply => this.#take(reply))
    this.#socket.connect(port, '127.0.0.1')
    let due = 0
    let last = performance.now()
    this.#timer = setInterval(() => {
      const now = performance.now()
      due = Math.min(due + ((now - last) / 1000) * rate, this.counts.asked + MAX_BURST)
      last = now
      while (this.counts.asked < due) this.#socket.send(this.#queries[this.counts.asked++ % names.length]!)
    }, TICK)
  }

  #take(reply: Buffer): void {
    this.counts.answered++
    const octets = reply.toString('latin1', 2)
    let told = this.#outcomes.get(octets)
    if (told === undefined) {
      told = outcome(readAnswer(reply))
      // Answers of several addresses come in many orders.
      if (this.#outcomes.size > 50_000) this.#outcomes.clear()
      this.#outcomes.set(octets, told)
    }
    this.#told(reply.readUInt16BE(0), told)
  }

  /** Asks no more, and waits for replies that are under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    const late = performance.now() + PATIENCE
    while (this.counts.answered < this.counts.asked && performance.now() < late) await wait(10)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#socket.close()
  }
}
