import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { getSystemErrorMessage } from 'node:util'
import type { Cell } from '#src/metrics.ts'
import { type Exchange, networkError, replyTo } from './exchange.ts'
import { random16 } from './random.ts'

/** Ports that queries are spread over at a time. */
const SOCKETS = 16
/** Queries, and milliseconds, after which another port takes a socket's place. */
const QUERIES = 256
const AGE = 10_000
/** Sockets that carry nothing new and wait for their last replies; beyond, the ones in use are not replaced. */
const RETIRED = 256
/** Datagrams with an id that nobody sent, until it looks like guessing. */
const STRAYS = 16

export interface DatagramSettings {
  readonly address: string
  readonly port: number
  /** As metrics and errors name the upstream. */
  readonly to: string
  readonly source: string | undefined
  /** Milliseconds without a query after which a socket is closed. */
  readonly expire: number
  /** Bound on the sockets; 0 for the default. */
  readonly maxIdle: number
}

/** The UDP sockets to one upstream. Each query takes one by chance, with a random id: a stranger has to guess both (RFC 5452 §9.2). */
export class DatagramPool {
  readonly #settings: DatagramSettings
  readonly #hits: Cell
  readonly #misses: Cell
  readonly #slots: (DatagramSocket | undefined)[]
  readonly #retired = new Set<DatagramSocket>()

  constructor(settings: DatagramSettings, counters: { hits: Cell; misses: Cell }) {
    this.#settings = settings
    this.#hits = counters.hits
    this.#misses = counters.misses
    this.#slots = new Array(Math.min(settings.maxIdle || SOCKETS, SOCKETS)).fill(undefined)
  }

  ask(exchange: Exchange): void {
    const slot = random16() % this.#slots.length
    let socket = this.#slots[slot]
    if (socket && !(socket.spent && this.#retired.size < RETIRED)) {
      this.#hits.value++
    } else {
      this.#misses.value++
      if (socket) this.#retired.add(socket)
      socket = new DatagramSocket(this.#settings)
      this.#slots[slot] = socket
    }
    socket.send(exchange)
  }

  /** Closes what is not needed any more; says whether any socket is left. */
  sweep(now: number): boolean {
    for (const [slot, socket] of this.#slots.entries()) {
      if (!socket || (!socket.broken && now - socket.used < this.#settings.expire && now - socket.created < AGE)) continue
      this.#slots[slot] = undefined
      this.#retired.add(socket)
    }
    for (const socket of this.#retired) {
      if (socket.isWaitedFor) continue
      socket.close()
      this.#retired.delete(socket)
    }
    return this.#retired.size > 0 || this.#slots.some(socket => socket)
  }

  close(): void {
    for (const socket of [...this.#slots, ...this.#retired]) socket?.close()
    this.#slots.fill(undefined)
    this.#retired.clear()
  }
}

/** Addresses come as numbers; the default would wait a turn of the event loop for dns.lookup, and queries with it. */
const lookup = ((address: string, _family: number, done: (error: null, address: string, family: number) => void) =>
  done(null, address, isIPv6(address) ? 6 : 4)) as unknown as NonNullable<Parameters<typeof createSocket>[0] & object>['lookup']

/** A connected socket: the kernel lets in the upstream's datagrams only, and tells of ICMP errors. */
class DatagramSocket {
  readonly #socket: Socket
  readonly #to: string
  /** By id. Whoever stopped waiting stays until the reply comes: it is no stray, and its id is not free. */
  readonly #exchanges = new Map<number, Exchange>()
  readonly created = performance.now()
  used = this.created
  /** It could not be bound or connected. */
  broken = false
  #sent = 0
  #strays = 0

  constructor({ address, port, to, source }: DatagramSettings) {
    this.#to = to
    this.#socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', lookup })
    this.#socket.on('message', message => this.#received(message))
    this.#socket.on('error', error => this.#failed(error))
    if (source !== undefined) this.#socket.bind({ address: source, exclusive: true })
    this.#socket.connect(port, address)
  }

  /** Another should take its place. */
  get spent(): boolean {
    return this.#sent >= QUERIES || this.broken || this.#strays >= STRAYS
  }

  get isWaitedFor(): boolean {
    for (const exchange of this.#exchanges.values()) if (exchange.waiting) return true
    return false
  }

  send(exchange: Exchange): void {
    let id = random16()
    while (this.#exchanges.has(id)) id = random16()
    this.#exchanges.set(id, exchange)
    this.#sent++
    this.used = performance.now()
    try {
      this.#socket.send(exchange.question.write(id, exchange), this.#afterSend)
    } catch (error) {
      this.#failed(error as NodeJS.ErrnoException)
    }
  }

  // An ICMP error to an earlier query comes out of the next send, which then sends nothing.
  readonly #afterSend = (error: Error | null) => {
    if (error) this.#failed(error)
  }

  #failed({ syscall, errno, message }: NodeJS.ErrnoException): void {
    this.broken ||= syscall !== 'recvmsg' && syscall !== 'send'
    const [operation, step] = this.broken ? ['dial', 'connect'] : ['read', 'read']
    const reason = errno === undefined ? message : `${step}: ${getSystemErrorMessage(errno)}`
    const error = networkError(operation, 'udp', this.#to, reason)
    for (const exchange of [...this.#exchanges.values()]) exchange.failed(error)
  }

  /** What is no reply to a question of ours is passed over: waiting goes on, and nobody is answered with it. */
  #received(message: Buffer): void {
    const id = message.length < 12 ? -1 : message.readUInt16BE(0)
    const exchange = this.#exchanges.get(id)
    if (!exchange) {
      if (++this.#strays === STRAYS) for (const guessed of [...this.#exchanges.values()]) guessed.doubted()
      return
    }
    const reply = replyTo(exchange, message)
    if (reply) {
      this.#exchanges.delete(id)
      exchange.answered(reply)
    } else exchange.doubted()
  }

  close(): void {
    this.#socket.close()
  }
}
