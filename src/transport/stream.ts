import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Client } from '../dns/query.ts'
import type { ConnectionLimits, Held, Outgoing, Receive } from './transport.ts'

/** Bounds of stream transports. Times in milliseconds, sizes in octets. */
export interface StreamLimits extends ConnectionLimits {
  /** Connections in all. */
  connections: number
  /** Connections of one client address. */
  perClient: number
  /** Queries of one connection that are being answered; reading pauses above. */
  inFlight: number
  /** Replies that the client does not read; above, the connection ends. */
  unsent: number
}

export const STREAM_LIMITS: StreamLimits = {
  // An open one takes 5 kB.
  connections: 4096,
  // CoreDNS as a forwarder (NodeLocal DNSCache with force_tcp) has one query under way on each, so this is what may wait for a node at a time.
  perClient: 256,
  read: 3000,
  write: 5000,
  idle: 10_000,
  queries: Number.POSITIVE_INFINITY,
  streams: 100,
  inFlight: 100,
  // So all connections of a client together hold up 32 MiB at most.
  unsent: 128 << 10,
}

/** Of a connection that ends: so long it still takes messages, in milliseconds. One that always owes something would never end. */
const LEAVING = 5000

/** Of the places whose connections count with those of all others alone. */
const UNBOUNDED: Held = { count: 0, limit: Number.POSITIVE_INFINITY }

/** All stream connections of the process, over all listeners. */
export class Connections {
  #limits: StreamLimits
  readonly #perClient = new Map<string, number>()
  #count = 0
  /** Connections that were turned away. */
  refused = 0

  constructor(limits: StreamLimits = STREAM_LIMITS) {
    this.#limits = limits
  }

  get count(): number {
    return this.#count
  }

  /** What is served from now on is bound by these. */
  set limits(limits: StreamLimits) {
    this.#limits = limits
  }

  /** Whether one more connection of `place` may be served. It counts until it closes; one that may not is cut off. */
  admit(socket: Socket, place: Held = UNBOUNDED): boolean {
    return this.open(socket, place) && this.claim(socket, socket.remoteAddress!)
  }

  /** As `admit`, before it is known whose connection it is. */
  open(socket: Socket, place: Held = UNBOUNDED): boolean {
    const isFull = this.#count >= this.#limits.connections || place.count >= place.limit
    if (isFull || socket.remoteAddress === undefined) return this.#refuse(socket)
    this.#count++
    place.count++
    socket.once('close', () => {
      this.#count--
      place.count--
    })
    return true
  }

  /** Whether the client at `address` may have one more: one that is open, and now known to be its. */
  claim(socket: Socket, address: string): boolean {
    const held = this.#perClient.get(address) ?? 0
    if (held >= this.#limits.perClient) return this.#refuse(socket)
    this.#perClient.set(address, held + 1)
    socket.once('close', () => {
      const left = this.#perClient.get(address)! - 1
      if (left === 0) this.#perClient.delete(address)
      else this.#perClient.set(address, left)
    })
    return true
  }

  #refuse(socket: Socket): false {
    this.refused++
    socket.on('error', () => {}).destroy()
    return false
  }

  /**
   * Serves messages with a length of two octets in front (RFC 1035 §4.2.2), any number at a time, answered as they get ready (RFC 7766 §6.2.1.1).
   * @param stream of a connection that was admitted
   * @param limits of the listener, where they are others
   */
  serve(stream: Socket, client: Client, receive: Receive, limits: Partial<ConnectionLimits> = {}): Connection {
    return new Connection(stream, client, receive, { ...this.#limits, ...limits })
  }
}

/** @param stream that is open */
export const clientOf = ({
  remoteAddress,
  remotePort,
  remoteFamily,
}: Pick<Socket, 'remoteAddress' | 'remotePort' | 'remoteFamily'>): Client => ({
  address: remoteAddress!.split('%')[0]!,
  port: remotePort!,
  family: remoteFamily === 'IPv6' ? 6 : 4,
})

/** One client's stream of messages. */
export class Connection {
  readonly #socket: Socket
  readonly #client: Client
  readonly #receive: Receive
  readonly #limits: StreamLimits
  /** What has been read of messages that are not whole. */
  #chunks: Buffer[] = []
  #buffered = 0
  #owed = 0
  /** Replies that go on in further messages. */
  #following = 0
  /** Nothing more is taken. */
  #ending = false
  /** It ends as soon as nothing is owed. */
  #leaving = false
  /** The client has said everything. */
  #ended = false
  /** The time of a message runs: of the first from the start, of any later one since it has begun. */
  #due = true
  #timer: NodeJS.Timeout
  /** The client does not read: time runs until it has. */
  #stalled: NodeJS.Timeout | undefined
  #flow: PromiseWithResolvers<void> | undefined
  #queries = 0

  constructor(socket: Socket, client: Client, receive: Receive, limits: StreamLimits) {
    this.#socket = socket
    this.#client = client
    this.#receive = receive
    this.#limits = limits
    this.#timer = setTimeout(() => socket.destroy(), limits.read)
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('end', () => {
      this.#ended = true
      this.#wait()
    })
    socket.on('error', () => socket.destroy())
    socket.on('drain', () => this.#flows())
    socket.once('close', () => {
      clearTimeout(this.#timer)
      this.#flows()
    })
  }

  /** Closes when nothing is owed; until then, what comes is answered as ever: a client would wait for it as long. */
  end(): void {
    this.#leaving = true
    this.#wait()
    setTimeout(() => {
      this.#ending = true
      this.#wait()
    }, LEAVING).unref()
  }

  #read(chunk: Buffer): void {
    if (this.#ending) return
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
    // A message that comes octet by octet does not start its time anew.
    if (this.#takeMessages() || !this.#due) this.#wait()
  }

  /** Hands in every whole message, as far as the bound on queries in flight allows; says whether there was one. */
  #takeMessages(): boolean {
    const before = this.#buffered
    if (before < 2) return false
    let data = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
    while (this.#mayAnswer && data.length >= 2 && data.length >= 2 + data.readUInt16BE(0)) {
      const end = 2 + data.readUInt16BE(0)
      this.#answer(data.subarray(2, end))
      data = data.subarray(end)
    }
    this.#chunks = data.length > 0 ? [data] : []
    this.#buffered = data.length
    return data.length < before
  }

  get #mayAnswer(): boolean {
    return this.#owed < this.#limits.inFlight && this.#following === 0 && !this.#ending && !this.#socket.destroyed
  }

  #answer(message: Buffer): void {
    if (++this.#queries >= this.#limits.queries) this.#ending = true
    const reply = this.#receive(message, this.#client)
    if (reply === undefined) return
    if (!('then' in reply)) {
      this.#send(reply)
      return
    }
    this.#owe()
    reply.then(late => {
      if (late) this.#send(late)
      this.#settle()
    })
  }

  #owe(): void {
    this.#owed++
    if (this.#owed >= this.#limits.inFlight || this.#following > 0) this.#socket.pause()
  }

  #settle(): void {
    this.#owed--
    this.#takeMessages()
    if (this.#owed < this.#limits.inFlight && this.#following === 0) this.#socket.resume()
    this.#wait()
  }

  #send(reply: Outgoing): void {
    if (this.#socket.writable) this.#write(reply)
    if (reply.following) void this.#follow(reply.following)
  }

  /** Sends each message when the client takes more and others have had their turn. Nothing is read meanwhile, so that a connection has one such reply at a time. */
  async #follow(messages: IteratorObject<Outgoing>): Promise<void> {
    this.#following++
    this.#owe()
    try {
      for (;;) {
        if (this.#stalled) await this.#flowing()
        await nextTurn()
        const next = this.#socket.writable && messages.next()
        if (!next || next.done) break
        this.#write(next.value)
      }
    } catch {
      // The client must not take what it has got for the whole reply.
      this.#socket.destroy()
    }
    messages.return?.()
    this.#following--
    this.#settle()
  }

  #write(reply: Outgoing): void {
    const frame = Buffer.allocUnsafe(2 + reply.longest)
    const end = reply.write(frame, 2)
    frame.writeUInt16BE(end - 2, 0)
    if (!this.#socket.write(frame.subarray(0, end)))
      this.#stalled ??= setTimeout(() => this.#socket.destroy(), this.#limits.write)
    if (this.#socket.writableLength > this.#limits.unsent) this.#socket.destroy()
  }

  /** Fulfilled when the client reads again, or has left. */
  #flowing(): Promise<void> {
    this.#flow ??= Promise.withResolvers()
    return this.#flow.promise
  }

  #flows(): void {
    clearTimeout(this.#stalled)
    this.#stalled = undefined
    this.#flow?.resolve()
    this.#flow = undefined
  }

  /** Starts the time that fits the state: a begun message must get whole, a quiet connection goes, one that ends must be read. */
  #wait(): void {
    if (this.#socket.destroyed) return
    clearTimeout(this.#timer)
    this.#due = this.#buffered > 0
    if (this.#owed > 0) return
    const closing = this.#ending || this.#leaving || this.#ended
    if (closing) {
      this.#ending = true
      this.#socket.destroySoon()
    }
    this.#timer = setTimeout(() => this.#socket.destroy(), closing || this.#due ? this.#limits.read : this.#limits.idle)
  }
}
