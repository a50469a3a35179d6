/** A receiver of dnstap as real ones are, and as they are not: it speaks Frame Streams, remembers what it was sent, and misbehaves where it is told to. */

import { once } from 'node:events'
import { mkdtempDisposable } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { toAddress } from '#src/dns/address.ts'
import { ProtobufReader } from '#src/protobuf-reader.ts'
import { freePort } from './ports.ts'
import { until } from './waiting.ts'

export const CONTENT_TYPE = 'protobuf:dnstap.Dnstap'
const [ACCEPT, START, STOP, READY, FINISH] = [1, 2, 3, 4, 5] as const

const TYPES = ['', 'AUTH_QUERY', 'AUTH_RESPONSE', 'RESOLVER_QUERY', 'RESOLVER_RESPONSE', 'CLIENT_QUERY', 'CLIENT_RESPONSE', 'FORWARDER_QUERY', 'FORWARDER_RESPONSE'] // biome-ignore format: a list
const FAMILIES = ['', 'INET', 'INET6']
const PROTOCOLS = ['', 'UDP', 'TCP', 'DOT', 'DOH']

/** A message as dnstap.proto has it; times in milliseconds since the epoch. What was not sent is not there. */
export interface Tapped {
  identity?: string
  version?: string
  extra?: string
  type?: string
  family?: string
  protocol?: string
  queryAddress?: string
  responseAddress?: string
  queryPort?: number
  responsePort?: number
  queryTime?: number
  responseTime?: number
  queryMessage?: Buffer
  responseMessage?: Buffer
}

export function readTapped(frame: Buffer): Tapped {
  const tapped: Tapped = {}
  const reader = new ProtobufReader(frame)
  const octets = (): Buffer => {
    const { at, end } = reader.within()
    return frame.subarray(at, end)
  }
  const nanoseconds = (): number => {
    reader.at += 4
    return frame.readUInt32LE(reader.at - 4) / 1e6
  }
  const sized = (field: number) => (field << 3) | 2
  for (let tag = reader.next(); tag; tag = reader.next()) {
    if (tag === sized(1)) tapped.identity = octets().toString()
    else if (tag === sized(2)) tapped.version = octets().toString()
    else if (tag === sized(3)) tapped.extra = octets().toString()
    else if (tag === sized(14)) {
      const outer = reader.enter()
      for (let inner = reader.next(); inner; inner = reader.next()) {
        if (inner === 1 << 3) tapped.type = TYPES[reader.number()]!
        else if (inner === 2 << 3) tapped.family = FAMILIES[reader.number()]!
        else if (inner === 3 << 3) tapped.protocol = PROTOCOLS[reader.number()]!
        else if (inner === sized(4)) tapped.queryAddress = toAddress(octets())
        else if (inner === sized(5)) tapped.responseAddress = toAddress(octets())
        else if (inner === 6 << 3) tapped.queryPort = reader.number()
        else if (inner === 7 << 3) tapped.responsePort = reader.number()
        else if (inner === 8 << 3) tapped.queryTime = reader.number() * 1000
        else if (inner === ((9 << 3) | 5)) tapped.queryTime = tapped.queryTime! + nanoseconds()
        else if (inner === sized(10)) tapped.queryMessage = octets()
        else if (inner === 12 << 3) tapped.responseTime = reader.number() * 1000
        else if (inner === ((13 << 3) | 5)) tapped.responseTime = tapped.responseTime! + nanoseconds()
        else if (inner === sized(14)) tapped.responseMessage = octets()
        else throw new Error(`an unknown field ${inner >> 3} of a message`)
      }
      reader.leave(outer)
    } else if (tag !== 15 << 3 || reader.number() !== 1) throw new Error(`an unknown field ${tag >> 3}`)
  }
  return tapped
}

function control(type: number, contentType?: string): Buffer {
  const field =
    contentType === undefined ? Buffer.alloc(0) : Buffer.concat([uint32(1), uint32(contentType.length), Buffer.from(contentType)])
  return Buffer.concat([uint32(0), uint32(4 + field.length), uint32(type), field])
}

function uint32(value: number): Buffer {
  const octets = Buffer.alloc(4)
  octets.writeUInt32BE(value)
  return octets
}

async function oneByOne(socket: Socket, octets: Uint8Array): Promise<void> {
  socket.setNoDelay(true)
  for (const octet of octets) {
    socket.write(Buffer.of(octet))
    await nextTurn()
  }
}

/** What a receiver does instead of what it should, from the next connection on. */
export interface Faults {
  /** Says nothing to READY. */
  silent?: boolean
  /** Accepts when this is fulfilled. */
  acceptsAfter?: Promise<unknown>
  /** Accepts another content type. */
  accepts?: string
  /** Answers READY with these octets. */
  answers?: Uint8Array
  /** Sends its control frames octet by octet. */
  octetByOctet?: boolean
  /** Reads nothing behind START. */
  deaf?: boolean
  /** Closes in the middle of a frame, when so many are whole. */
  closesAfter?: number
}

/** Connections that are received from, whoever opened them. */
export class Receiver {
  readonly faults: Faults = {}
  /** Everything so far, over all connections. */
  readonly messages: Tapped[] = []
  /** Connections so far; those that came to START; and those that came to STOP. */
  connections = 0
  started = 0
  stopped = 0
  /** Those that are open. */
  readonly open = new Set<Socket>()

  receive(socket: Socket): void {
    this.connections++
    this.open.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => this.open.delete(socket))
    let data = Buffer.alloc(0)
    let frames = 0
    socket.on('data', (chunk: Buffer) => {
      data = Buffer.concat([data, chunk])
      while (data.length >= 4) {
        const length = data.readUInt32BE(0)
        const isControl = length === 0
        const head = isControl ? 8 : 4
        if (isControl && data.length < 8) return
        const end = head + (isControl ? data.readUInt32BE(4) : length)
        if (!isControl && frames === this.faults.closesAfter) return socket.resetAndDestroy()
        if (data.length < end) return
        const frame = data.subarray(head, end)
        data = data.subarray(end)
        if (!isControl) {
          frames++
          this.messages.push(readTapped(Buffer.from(frame)))
        } else if (!this.#control(socket, frame)) return
      }
    })
  }

  #control(socket: Socket, frame: Buffer): boolean {
    const type = frame.readUInt32BE(0)
    const contentType = frame.length > 4 ? frame.subarray(12).toString() : undefined
    const { silent, acceptsAfter, accepts = CONTENT_TYPE, answers, octetByOctet, deaf } = this.faults
    if (type === READY && contentType === CONTENT_TYPE) {
      const answer = answers ?? control(ACCEPT, accepts)
      if (octetByOctet) void oneByOne(socket, answer)
      else if (acceptsAfter) void acceptsAfter.then(() => socket.write(answer))
      else if (!silent) socket.write(answer)
    } else if (type === START && contentType === CONTENT_TYPE) {
      this.started++
      if (deaf) {
        socket.pause()
        return false
      }
    } else if (type === STOP) {
      this.stopped++
      socket.end(control(FINISH))
    } else throw new Error(`an unexpected control frame ${type} ${contentType}`)
    return true
  }

  /** Waits until so many messages have come that are as they should be. @throws when they do not come in time */
  async received(count: number, isMeant: (message: Tapped) => boolean = () => true): Promise<Tapped[]> {
    const meant = () => this.messages.filter(isMeant)
    await until(() => meant().length >= count).catch(() => {
      throw new Error(`${meant().length} messages instead of ${count} among ${this.messages.map(({ type }) => type)}`)
    })
    return meant()
  }

  /** Those of this type for a client's port. */
  async of(type: string, count = 1): Promise<Tapped[]> {
    return this.received(count, message => message.type === type)
  }

  disconnect(): void {
    for (const socket of this.open) socket.destroy()
  }
}

/** A collector, which is connected to. */
export class Collector extends Receiver implements AsyncDisposable {
  readonly #server: Server
  readonly #where: ListenOptions

  private constructor(server: Server, where: ListenOptions) {
    super()
    this.#server = server
    this.#where = where
    server.on('setSecureContext' in server ? 'secureConnection' : 'connection', socket => this.receive(socket))
  }

  /** @param where a path, or a port of 127.0.0.1 that is its own also while it is away, by default */
  static async start(where?: ListenOptions, tls?: TlsOptions): Promise<Collector> {
    const own = where ?? { host: '127.0.0.1', port: await freePort() }
    const collector = new Collector(tls ? createTlsServer(tls) : createServer(), own)
    await collector.listen()
    return collector
  }

  async listen(): Promise<void> {
    this.#server.listen(this.#where)
    await once(this.#server, 'listening')
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Is no more there: who connects is refused. */
  async leave(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.disconnect()
    await closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave()
  }
}

/** A sink, which connects. */
export class Sink extends Receiver implements Disposable {
  readonly socket: Socket

  constructor(socket: Socket, faults: Faults = {}) {
    super()
    Object.assign(this.faults, faults)
    this.socket = socket
    this.receive(socket)
  }

  static connect(where: { path: string } | { port: number; host?: string }): Sink {
    return new Sink(connect('path' in where ? where : { host: '127.0.0.1', ...where }))
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

/** A path for a socket, in a folder of its own. */
export async function socketPath(): Promise<{ path: string } & AsyncDisposable> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'dnstap-'))
  return { path: join(folder.path, 'dnstap.sock'), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}
