/** A DNS server on a loopback address that answers as its script says, misbehaves where the script does, and remembers what it was asked. */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { once } from 'node:events'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import { type AddressInfo, createServer, isIPv6, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { readName, typeText } from './names.ts'
import { rawRecords } from './records.ts'

/** A query as it came. */
export interface Asked {
  readonly message: Buffer
  readonly transport: 'udp' | 'tcp' | 'tls' | 'https'
  /** Address and port it came from. */
  readonly address: string
  readonly from: number
  readonly id: number
  /** As dig shows them: `rd ad cd`. */
  readonly flags: string
  /** Case kept. */
  readonly name: string
  /** `A`, `AAAA`, `TYPE666`. */
  readonly type: string
  readonly class: number
  /** `options` in octets. */
  readonly edns: { udpSize: number; dnssecOk: boolean; options: number } | undefined
  /** When it came, as `performance.now()` tells. */
  readonly at: number
}

type Messages = Buffer | undefined | Promise<Buffer | undefined> | AsyncIterable<Buffer>

/** What is sent for a query: one message, none, or several over time. */
export type Script = (asked: Asked) => Messages

/** What happens to stream connections, whatever the script says. */
export interface StreamFaults {
  /** So many connections are closed as soon as they are open. */
  closeOnAccept: number
  /** So many queries are read and met with a close. */
  closeOnQuery: number
  /** Replies are sent octet by octet. */
  octetByOctet: boolean
  /** Of replies over HTTPS. */
  status: number
  contentType: string
}

export class FakeUpstream implements AsyncDisposable {
  readonly address: string
  /** Of UDP and TCP. */
  readonly port: number
  script: Script
  readonly faults: StreamFaults = {
    closeOnAccept: 0,
    closeOnQuery: 0,
    octetByOctet: false,
    status: 200,
    contentType: 'application/dns-message',
  }
  /** Every query so far. */
  readonly seen: Asked[] = []
  /** Stream connections so far. */
  connections = 0
  readonly #udp: DatagramSocket
  readonly #tcp: Server
  readonly #tls: Server | undefined
  readonly #https: Http2SecureServer | undefined
  readonly #open = new Set<Socket>()
  #changed = Promise.withResolvers<void>()
  #stopped: Promise<void> | undefined

  constructor(script: Script, sockets: { udp: DatagramSocket; tcp: Server; tls?: Server; https?: Http2SecureServer }) {
    this.script = script
    this.#udp = sockets.udp
    this.address = sockets.udp.address().address
    this.port = sockets.udp.address().port
    this.#tcp = sockets.tcp
    this.#tls = sockets.tls
    this.#https = sockets.https
    this.#udp.on('message', (message, { port, address }) => {
      this.#answer(readQuery(message, 'udp', { address, port }), reply => this.#udp.send(reply, port, address, () => {}))
    })
    this.#tcp.on('connection', socket => this.#serve(socket, 'tcp'))
    this.#tls?.on('secureConnection', socket => this.#serve(socket, 'tls'))
    for (const server of [this.#tls, this.#https]) server?.on('connection', socket => this.#hold(socket))
    this.#https?.on('request', async (request, response) => {
      const body = Buffer.concat(await Array.fromAsync<Buffer>(request))
      const message =
        body.length > 0 ? body : Buffer.from(new URL(request.url, 'https://x').searchParams.get('dns') ?? '', 'base64url')
      this.#answer(readQuery(message, 'https', peerOf(request.socket)), reply => {
        response.writeHead(this.faults.status, { 'content-type': this.faults.contentType })
        response.end(reply)
      })
    })
  }

  get tlsPort(): number {
    return (this.#tls!.address() as AddressInfo).port
  }

  get httpsPort(): number {
    return (this.#https!.address() as AddressInfo).port
  }

  /** `127.0.0.1:PORT`, as a Corefile names it. */
  get to(): string {
    return isIPv6(this.address) ? `[${this.address}]:${this.port}` : `${this.address}:${this.port}`
  }

  /** Waits until it was asked `count` times in all. @throws when that takes longer than `timeout` milliseconds */
  async saw(count: number, timeout = 30_000): Promise<void> {
    const late = AbortSignal.timeout(timeout)
    late.onabort = () => this.#wake()
    while (this.seen.length < count) {
      if (late.aborted) throw new Error(`${this.seen.length} queries instead of ${count} within ${timeout} ms`)
      await this.#changed.promise
    }
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  async #answer(asked: Asked, send: (reply: Buffer) => void): Promise<void> {
    this.#remember(asked)
    const sendWhileOpen = (reply: Buffer | undefined) => reply && !this.#stopped && send(reply)
    const replies = this.script(asked)
    if (replies && Symbol.asyncIterator in replies) {
      for await (const reply of replies) sendWhileOpen(reply)
    } else sendWhileOpen(await replies)
  }

  #remember(asked: Asked): void {
    this.seen.push(asked)
    this.#wake()
  }

  #hold(socket: Socket): void {
    this.#open.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => this.#open.delete(socket))
  }

  #serve(socket: Socket, transport: 'tcp' | 'tls'): void {
    this.connections++
    this.#hold(socket)
    if (this.faults.closeOnAccept > 0) {
      this.faults.closeOnAccept--
      socket.destroy()
      return
    }
    const peer = peerOf(socket)
    let data = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      data = Buffer.concat([data, chunk])
      while (data.length >= 2 && data.length >= 2 + data.readUInt16BE(0)) {
        const message = data.subarray(2, 2 + data.readUInt16BE(0))
        data = data.subarray(2 + message.length)
        if (this.faults.closeOnQuery > 0) {
          this.faults.closeOnQuery--
          this.#remember(readQuery(message, transport, peer))
          socket.destroy()
          return
        }
        this.#answer(readQuery(message, transport, peer), reply => this.#send(socket, reply))
      }
    })
  }

  #send(socket: Socket, reply: Buffer): void {
    if (!socket.writable) return
    const frame = Buffer.concat([Buffer.of(reply.length >> 8, reply.length & 255), reply])
    socket.setNoDelay(true)
    if (this.faults.octetByOctet) for (const octet of frame) socket.write(Buffer.of(octet))
    else socket.write(frame)
  }

  /** Cuts every stream connection. */
  disconnect(): void {
    for (const socket of this.#open) socket.destroy()
  }

  /** Gives up its ports: who asks now is refused. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    const servers = [this.#tcp, this.#tls, this.#https].filter(server => server !== undefined)
    const closed = [this.#udp, ...servers].map(server => once(server, 'close'))
    this.#udp.close()
    for (const server of servers) server.close()
    this.disconnect()
    await Promise.all(closed)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

const peerOf = ({ remoteAddress = '', remotePort = 0 }: Socket) => ({ address: remoteAddress, port: remotePort })

function readQuery(message: Buffer, transport: Asked['transport'], { address, port }: { address: string; port: number }): Asked {
  const { name, end } = readName(message, 12)
  const opt = rawRecords(message)[2].find(record => typeText(record.type) === 'OPT')
  const flags = message.readUInt16BE(2)
  const names = [['qr', 0x8000], ['aa', 0x0400], ['tc', 0x0200], ['rd', 0x0100], ['ra', 0x0080], ['ad', 0x0020], ['cd', 0x0010]] as const // biome-ignore format: a table
  return {
    message,
    transport,
    address,
    from: port,
    id: message.readUInt16BE(0),
    flags: names.flatMap(([text, bit]) => (flags & bit ? [text] : [])).join(' '),
    name,
    type: typeText(message.readUInt16BE(end)),
    class: message.readUInt16BE(end + 2),
    edns: opt && { udpSize: opt.class, dnssecOk: (opt.ttl & 0x8000) !== 0, options: opt.rdata.end - opt.rdata.start },
    at: performance.now(),
  }
}

/**
 * @param tls opens ports for TLS and HTTPS, too
 * @param port of UDP and TCP; any free one by default
 */
export async function startUpstream(
  script: Script,
  { tls, address = '127.0.0.1', port = 0 }: { tls?: TlsOptions; address?: string; port?: number } = {},
): Promise<FakeUpstream> {
  const { udp, tcp } = await listen(address, port)
  if (!tls) return new FakeUpstream(script, { udp, tcp })
  const secure = createTlsServer(tls)
  const https = createSecureServer(tls)
  for (const server of [secure, https]) {
    server.listen(0, address)
    await once(server, 'listening')
  }
  return new FakeUpstream(script, { udp, tcp, tls: secure, https })
}

/** A port that is free for UDP need not be for TCP. */
async function listen(address: string, port: number): Promise<{ udp: DatagramSocket; tcp: Server }> {
  for (let tries = 10; ; tries--) {
    const udp = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    udp.bind(port, address)
    await once(udp, 'listening')
    const tcp = createServer()
    tcp.listen(udp.address().port, address)
    try {
      await once(tcp, 'listening')
      return { udp, tcp }
    } catch (error) {
      udp.close()
      if (tries === 0) throw error
    }
  }
}
