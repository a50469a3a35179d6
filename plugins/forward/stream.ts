import type { Socket } from 'node:net'
import { getSystemErrorMessage } from 'node:util'
import { Frames } from '#src/dns/frames.ts'
import { LONGEST_QUESTION } from '#src/forwarding/question.ts'
import type { Endpoint } from '#src/plugin.ts'
import { type Exchange, localOf, networkError, replyTo } from './exchange.ts'
import { random16 } from './random.ts'

interface Waiting {
  readonly exchange: Exchange
  /** It was asked before, on a connection that the upstream closed. */
  readonly again: boolean
}

/** One TCP or TLS connection; any number of queries at a time, answered in any order (RFC 7766 §6.2.1.1). */
export class Stream {
  readonly #socket: Socket
  readonly #to: string
  readonly #onClose: (stream: Stream, unanswered: readonly Exchange[]) => void
  readonly #waiting = new Map<number, Waiting>()
  #established = false
  readonly #frames = new Frames()
  readonly created = performance.now()
  used = this.created
  /** When the first query went out to which nothing has come back, whether or not anybody still waits. */
  #silentSince: number | undefined
  #error: Error | undefined
  /** Asking again would end the same way. */
  #final = false

  /**
   * @param established the event that says that queries can be read
   * @param onClose told once, with what may be asked on another connection
   */
  constructor(
    socket: Socket,
    established: 'connect' | 'secureConnect',
    { to, onClose }: { to: string; onClose: (stream: Stream, unanswered: readonly Exchange[]) => void },
  ) {
    this.#socket = socket
    this.#to = to
    this.#onClose = onClose
    socket.setNoDelay(true)
    socket.once(established, () => {
      this.#established = true
      for (const { exchange } of this.#waiting.values()) exchange.sent?.(this.#local)
    })
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', error => {
      this.#error ??= this.#describe(error)
    })
    socket.once('close', () => this.#closed())
  }

  /** Queries that are not answered yet. */
  get load(): number {
    return this.#waiting.size
  }

  get isOpen(): boolean {
    return this.#socket.writable
  }

  /** The socket takes messages before it is connected, and sends them then. */
  send(exchange: Exchange, again = false): void {
    let id = random16()
    while (this.#waiting.has(id)) id = random16()
    this.used = performance.now()
    this.#silentSince ??= this.used
    exchange.id = id
    this.#waiting.set(id, { exchange, again })
    const frame = Buffer.allocUnsafe(2 + LONGEST_QUESTION)
    const end = exchange.question.write(frame, 2, id, exchange.edns, exchange.padded)
    frame.writeUInt16BE(end - 2, 0)
    this.#socket.write(frame.subarray(0, end))
    if (this.#established) exchange.sent?.(this.#local)
  }

  get #local(): Endpoint {
    return localOf(this.#socket)
  }

  /** Forgets who stopped waiting; breaks off when nothing came for `patience` milliseconds after a query. */
  sweep(now: number, patience: number): void {
    if (this.#silentSince !== undefined && now - this.#silentSince > patience) {
      this.#error = networkError(this.#established ? 'read' : 'dial', 'tcp', this.#to, 'i/o timeout')
      this.#final = true
      this.#socket.destroy()
    }
    for (const [id, { exchange }] of this.#waiting) if (!exchange.waiting) this.#waiting.delete(id)
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    // Copies, so that a reply in a cache does not hold all that came with it.
    for (const message of this.#frames.add(chunk)) this.#received(Buffer.from(message))
    this.#silentSince = undefined
  }

  #received(message: Buffer): void {
    const id = message.length < 12 ? -1 : message.readUInt16BE(0)
    const exchange = this.#waiting.get(id)?.exchange
    const reply = exchange && replyTo(exchange, message)
    if (!reply) return
    this.#waiting.delete(id)
    exchange.answered(reply, message)
  }

  /** An upstream may close when it likes: what it had not answered is asked once more, on another connection. */
  #closed(): void {
    const waiting = [...this.#waiting.values()].filter(({ exchange }) => exchange.waiting)
    this.#waiting.clear()
    const isLost = ({ again }: Waiting) => again || this.#final || !this.#established
    const [lost, left] = [waiting.filter(isLost), waiting.filter(one => !isLost(one))]
    this.#onClose(
      this,
      left.map(({ exchange }) => exchange),
    )
    const error = this.#error ?? new Error('EOF')
    for (const { exchange } of lost) exchange.failed(error)
  }

  #describe({ syscall, errno, message }: NodeJS.ErrnoException): Error {
    const [operation, step] = !this.#established
      ? ['dial', 'connect']
      : syscall === 'write'
        ? ['write', 'write']
        : ['read', 'read']
    return networkError(operation!, 'tcp', this.#to, errno === undefined ? message : `${step}: ${getSystemErrorMessage(errno)}`)
  }
}
