import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Client } from '../dns/query.ts'
import { type Common, type Cut, cutOff } from './share.ts'
import type { StreamLimits } from './stream.ts'
import type { Outgoing, Receive } from './transport.ts'

/** Of a connection that ends: so long it still takes messages, in milliseconds. One that always owes something would never end. */
const LEAVING = 5000

/** Messages that are taken before others have their turn: what has arrived may be thousands, and libuv reads a connection 32 times in a row. */
const TURN = 32

/** One client's stream of messages. */
export class Connection {
  readonly #socket: Socket
  readonly #client: Client
  readonly #receive: Receive
  readonly #limits: StreamLimits
  readonly #common: Common
  /** What has been read of messages that are not whole. */
  #chunks: Buffer[] = []
  #buffered = 0
  #owed = 0
  /** Messages are being handed in: what is settled meanwhile hands in none itself. */
  #taking = false
  /** Messages that were taken since others had their turn. */
  #taken = 0
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
  /** Replies that came while the client did not read; they are owed still. */
  readonly #late: Outgoing[] = []
  #queries = 0

  constructor(socket: Socket, client: Client, receive: Receive, limits: StreamLimits, common: Common) {
    this.#socket = socket
    this.#client = client
    this.#receive = receive
    this.#limits = limits
    this.#common = common
    this.#timer = this.#cutIn('read')
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('end', () => {
      this.#ended = true
      this.#wait()
    })
    socket.on('error', () => socket.destroy())
    socket.on('drain', () => {
      this.#flows()
      this.#goOn()
    })
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
    const tookSome = this.#takeMessages()
    if (this.#hasRoom) this.#socket.resume()
    // A message that comes octet by octet does not start its time anew.
    if (tookSome || !this.#due) this.#wait()
  }

  /** Hands in every whole message, as far as there is room for replies; says whether there was one. */
  #takeMessages(): boolean {
    const before = this.#buffered
    if (before < 2) return false
    let data = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
    // What is answered at once leaves together.
    this.#socket.cork()
    this.#taking = true
    while (this.#mayAnswer && data.length >= 2 && data.length >= 2 + data.readUInt16BE(0)) {
      const end = 2 + data.readUInt16BE(0)
      this.#answer(data.subarray(2, end))
      data = data.subarray(end)
    }
    this.#taking = false
    this.#socket.uncork()
    this.#chunks = data.length > 0 ? [data] : []
    this.#buffered = data.length
    return data.length < before
  }

  get #mayAnswer(): boolean {
    return this.#hasRoom && !this.#ending && !this.#socket.destroyed
  }

  /** Whether another reply may be owed: what is sent faster than the client reads would have to be kept. */
  get #hasRoom(): boolean {
    const { inFlight } = this.#limits
    return this.#owed < inFlight && this.#following === 0 && this.#stalled === undefined && this.#taken < TURN
  }

  #answer(message: Buffer): void {
    if (++this.#queries >= this.#limits.queries) this.#ending = true
    if (++this.#taken === TURN) this.#rest()
    const reply = this.#receive(message, this.#client)
    if (reply === undefined) return
    if (!('then' in reply)) {
      this.#send(reply)
      return
    }
    this.#owe()
    reply.then(late => {
      if (late && this.#stalled) this.#keep(late)
      else this.#settle(late)
    })
  }

  #rest(): void {
    this.#socket.pause()
    setImmediate(() => {
      this.#taken = 0
      this.#goOn()
    })
  }

  #keep(reply: Outgoing): void {
    this.#late.push(reply)
    this.#common.kept += reply.longest
    if (this.#common.kept > this.#limits.unsent) this.#cut('kept')
  }

  #owe(): void {
    this.#owed++
    if (!this.#hasRoom) this.#socket.pause()
  }

  #settle(reply?: Outgoing): void {
    if (reply) this.#send(reply)
    this.#owed--
    if (!this.#taking) this.#goOn()
  }

  #goOn(): void {
    this.#takeMessages()
    if (this.#hasRoom) this.#socket.resume()
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
        await nextTurn()
        while (this.#stalled) await this.#flowing()
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

  /** Only where the client reads: so Node keeps no more than the 64 KiB that it takes for enough, and one message. */
  #write(reply: Outgoing): void {
    const frame = Buffer.allocUnsafe(2 + reply.longest)
    const end = reply.write(frame, 2)
    frame.writeUInt16BE(end - 2, 0)
    if (!this.#socket.write(frame.subarray(0, end))) {
      this.#stalled = this.#cutIn('write')
      this.#socket.pause()
    }
  }

  /** Fulfilled when `#flows` is called. */
  #flowing(): Promise<void> {
    this.#flow ??= Promise.withResolvers()
    return this.#flow.promise
  }

  /** The client reads again, or has left. */
  #flows(): void {
    clearTimeout(this.#stalled)
    this.#stalled = undefined
    this.#flow?.resolve()
    this.#flow = undefined
    while (this.#late.length > 0 && !this.#stalled) {
      const reply = this.#late.shift()!
      this.#common.kept -= reply.longest
      this.#owed--
      this.#send(reply)
    }
  }

  /** Starts the time that fits the state: a begun message must get whole, a quiet connection goes, one that ends must be read. */
  #wait(): void {
    if (this.#socket.destroyed) return
    clearTimeout(this.#timer)
    this.#due = this.#buffered > 0
    if (this.#owed > 0 || this.#taken === TURN) return
    const closing = this.#ending || this.#leaving || this.#ended
    // What has come is answered when the client reads again, and what was read when others have had their turn.
    if (closing && !this.#stalled && (this.#ending || this.#socket.readableLength === 0)) {
      this.#ending = true
      this.#socket.destroySoon()
    }
    if (!closing && this.#stalled) return
    this.#timer = closing || this.#due ? this.#cutIn('read') : setTimeout(() => this.#socket.destroy(), this.#limits.idle)
  }

  #cutIn(time: 'read' | 'write'): NodeJS.Timeout {
    return setTimeout(() => this.#cut(time), this.#limits[time])
  }

  #cut(reason: Cut): void {
    cutOff(this.#socket, this.#common.cut, reason)
  }
}
