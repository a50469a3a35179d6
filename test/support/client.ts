/** UDP and TCP sockets that carry whatever octets a test wants to send. */
import { createSocket } from 'node:dgram'
import { connect, isIPv6, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Where to ask, and how long to wait for a reply. */
export interface Target {
  port: number
  /** 127.0.0.1 by default. */
  address?: string
  /** The address to ask from; the machine's choice by default. UDP only. */
  from?: string
  /** Milliseconds; 15,000 by default. */
  timeout?: number
}

/** Sends one datagram and gives the next one that comes back with its first two octets. @throws when none comes in time */
export async function askUdp(message: Uint8Array, target: Target): Promise<Buffer> {
  const reply = await sendUdp(message, target)
  if (!reply) throw new Error(`no reply from port ${target.port} within ${target.timeout ?? 15_000} ms`)
  return reply
}

/** As {@link askUdp}, but silence is undefined. */
export async function sendUdp(
  message: Uint8Array,
  { port, address = '127.0.0.1', from, timeout = 15_000 }: Target,
): Promise<Buffer | undefined> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  try {
    return await new Promise((resolve, reject) => {
      setTimeout(async () => {
        // A process that stood still looks at its timers before it reads what came meanwhile.
        for (let turns = 0; turns < 5; turns++) await nextTurn()
        resolve(undefined)
      }, timeout).unref()
      socket.once('error', reject)
      socket.on('message', reply => {
        if (reply[0] === message[0] && reply[1] === message[1]) resolve(reply)
      })
      if (from !== undefined) socket.bind(0, from)
      // Connected, so that a closed port is an error at once.
      socket.connect(port, address, () => socket.send(message))
    })
  } finally {
    socket.close()
  }
}

/** A TCP connection that carries messages with their two octets of length (RFC 1035 §4.2.2). */
export class TcpClient implements AsyncDisposable {
  readonly socket: Socket
  readonly #timeout: number
  #received = Buffer.alloc(0)
  #changed = Promise.withResolvers<void>()

  /** @param socket what is spoken over; plain TCP by default */
  constructor({ port, address = '127.0.0.1', timeout = 15_000 }: Target, socket = connect(port, address)) {
    this.#timeout = timeout
    this.socket = socket
    this.socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    this.socket.on('error', () => {})
    this.socket.on('close', () => this.#wake())
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  /** Sends messages in one write. */
  send(...messages: Uint8Array[]): void {
    this.socket.write(Buffer.concat(messages.flatMap(message => [Buffer.of(message.length >> 8, message.length & 255), message])))
  }

  /** The next message; undefined when the server closed the connection before one came. @throws when neither happens in time */
  async next(): Promise<Buffer | undefined> {
    const late = setTimeout(
      () => this.#changed.reject(new Error(`neither message nor close within ${this.#timeout} ms`)),
      this.#timeout,
    )
    try {
      for (;;) {
        const message = this.#message()
        if (message || this.socket.closed) return message
        await this.#changed.promise
      }
    } finally {
      clearTimeout(late)
    }
  }

  /** Takes a whole message from what was received. */
  #message(): Buffer | undefined {
    if (this.#received.length < 2) return undefined
    const end = 2 + this.#received.readUInt16BE(0)
    if (this.#received.length < end) return undefined
    const message = this.#received.subarray(2, end)
    this.#received = this.#received.subarray(end)
    return message
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    while (!this.socket.closed) await this.#changed.promise
  }
}

export async function askTcp(message: Uint8Array, target: Target): Promise<Buffer> {
  await using connection = new TcpClient(target)
  connection.send(message)
  const reply = await connection.next()
  if (!reply) throw new Error(`port ${target.port} closed the connection without a reply`)
  return reply
}
