import { performance } from 'node:perf_hooks'
import { getSystemErrorMessage } from 'node:util'
import { LONGEST_QUESTION } from '#src/forwarding/question.ts'
import type { Cell } from '#src/metrics.ts'
import type { ConnectUdp, Outgoing, PeerSocket } from '#src/plugin.ts'
import { type Exchange, networkError, replyTo } from './exchange.ts'
import { random16 } from './random.ts'

/** Ports that queries are spread over at a time. */
const SOCKETS = 16
/** Queries, those without a reply, and milliseconds, after which another port takes a socket's place. */
const QUERIES = 2048
const UNANSWERED = 512
const AGE = 10_000
/** Queries of one turn of the event loop that go through the same port, in one system call. */
const TOGETHER = 64
/** Sockets that carry nothing new and wait for their last replies; beyond, the ones in use are not replaced. */
const RETIRED = 256
/** Datagrams with an id that nobody sent, until it looks like guessing. */
const STRAYS = 16
/** Places for the ids of one socket, and how many of them may wait for a reply: another must be found soon. */
const PLACES = 1024
const DEPTH = 768

interface DatagramSettings {
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

/**
 * The UDP sockets to one upstream. The next queries of a turn of the event loop go through one of them, by chance, so that they go out together; each with
 * a random id: a stranger has to guess both (RFC 5452 §9.2).
 */
export class DatagramPool {
  readonly #settings: DatagramSettings
  readonly #connect: ConnectUdp
  readonly #hits: Cell
  readonly #misses: Cell
  readonly #slots: (DatagramSocket | undefined)[]
  readonly #retired = new Set<DatagramSocket>()
  /** The slot that is used now, and for how many queries more in this turn. */
  #slot = 0
  #left = 0

  constructor(settings: DatagramSettings, connect: ConnectUdp, counters: { hits: Cell; misses: Cell }) {
    this.#settings = settings
    this.#connect = connect
    this.#hits = counters.hits
    this.#misses = counters.misses
    this.#slots = new Array(Math.min(settings.maxIdle || SOCKETS, SOCKETS)).fill(undefined)
  }

  ask(exchange: Exchange): void {
    if (this.#left === 0) {
      this.#slot = random16() % this.#slots.length
      this.#left = TOGETHER
      queueMicrotask(this.#endTurn)
    }
    this.#left--
    let socket = this.#slots[this.#slot]
    if (socket && !(socket.isSpent && this.#retired.size < RETIRED)) {
      this.#hits.value++
    } else {
      this.#misses.value++
      if (socket) this.#retired.add(socket)
      socket = new DatagramSocket(this.#settings, this.#connect)
      this.#slots[this.#slot] = socket
    }
    socket.send(exchange)
  }

  readonly #endTurn = () => {
    this.#left = 0
  }

  /** Closes what is not needed any more; says whether any socket is left. */
  sweep(now: number): boolean {
    for (const [slot, socket] of this.#slots.entries()) {
      if (!socket || (!socket.isBroken && now - socket.used < this.#settings.expire && now - socket.created < AGE)) continue
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

const isWaiting = (place: Exchange | number | undefined): place is Exchange => typeof place === 'object' && place.waiting

/** A connected socket: the kernel lets in the upstream's datagrams only, and tells of ICMP errors. */
class DatagramSocket implements Outgoing {
  readonly longest = LONGEST_QUESTION
  readonly #socket: PeerSocket
  readonly #to: string
  /** By the lowest bits of its id, what was asked. Of what is answered the id alone is left, until another takes its place, so that a second reply is no stray. */
  readonly #places: (Exchange | number | undefined)[] = new Array(PLACES).fill(undefined)
  #asked = 0
  #answered = 0
  #sending: Exchange | undefined
  readonly created = performance.now()
  used = this.created
  /** Why it could not be bound or connected. */
  #fault: Error | undefined
  #strays = 0

  constructor({ address, port, to, source }: DatagramSettings, connect: ConnectUdp) {
    this.#to = to
    this.#socket = connect(
      { address, port, source },
      { received: message => this.#received(message), failed: error => this.#failed(error) },
    )
  }

  get isBroken(): boolean {
    return this.#fault !== undefined
  }

  /** Another should take its place. */
  get isSpent(): boolean {
    return this.#asked >= QUERIES || this.#unanswered >= UNANSWERED || this.isBroken || this.#strays >= STRAYS
  }

  get #unanswered(): number {
    return this.#asked - this.#answered
  }

  get isWaitedFor(): boolean {
    return this.#places.some(isWaiting)
  }

  /** In an array of its own, as telling one may change the others. */
  #waiting(): Exchange[] {
    return this.#places.filter(isWaiting)
  }

  send(exchange: Exchange): void {
    const fault =
      this.#fault ??
      (this.#unanswered < DEPTH
        ? undefined
        : networkError('write', 'udp', this.#to, `more than ${DEPTH} queries through one port`))
    if (fault) {
      exchange.failed(fault)
      return
    }
    let id = random16()
    while (typeof this.#places[id & (PLACES - 1)] === 'object') id = random16()
    this.#places[id & (PLACES - 1)] = exchange
    this.#asked++
    this.used = exchange.sentAt
    exchange.id = id
    this.#sending = exchange
    this.#socket.send(this)
    exchange.sent?.(this.#socket.local())
  }

  write(target: Uint8Array, at: number): number {
    const { question, id, edns } = this.#sending!
    return question.write(target, at, id, edns)
  }

  #failed({ syscall, errno, message }: NodeJS.ErrnoException): void {
    // An ICMP error to an earlier query.
    const isBroken = syscall !== 'recvmsg' && syscall !== 'send'
    const [operation, step] = isBroken ? ['dial', 'connect'] : ['read', 'read']
    const reason = errno === undefined ? message : `${step}: ${getSystemErrorMessage(errno)}`
    const error = networkError(operation, 'udp', this.#to, reason)
    if (isBroken) this.#fault ??= error
    for (const exchange of this.#waiting()) exchange.failed(error)
  }

  /** A datagram that is no reply to a question of ours is ignored, and waiting goes on. */
  #received(message: Buffer): void {
    const id = message.length < 12 ? -1 : (message[0]! << 8) | message[1]!
    const place = id & (PLACES - 1)
    const exchange = this.#places[place]
    if (typeof exchange !== 'object' || exchange.id !== id) {
      if (exchange !== id && ++this.#strays === STRAYS) for (const guessed of this.#waiting()) guessed.doubted()
      return
    }
    const reply = replyTo(exchange, message)
    if (!reply) {
      exchange.doubted()
      return
    }
    this.#places[place] = id
    this.#answered++
    exchange.answered(reply, message)
  }

  close(): void {
    this.#socket.close()
  }
}
