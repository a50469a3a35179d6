import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { lstat, unlink } from 'node:fs/promises'
import { connect, type Server, type Socket } from 'node:net'
import { getSystemErrorMessage } from 'node:util'
import { Backoff } from '#src/backoff.ts'
import { Complaints } from '#src/feeds/complaints.ts'
import type { Logger } from '#src/plugin.ts'
import type { Drops } from './drops.ts'
import { FrameQueue, type QueueLimits } from './frame-queue.ts'
import { FrameStream, type StreamEvents } from './frame-stream.ts'
import { Relay } from './relay.ts'
import { PACE, type Target } from './target.ts'

/** Connections at a time. */
const MOST = 32
/** Octets that a sink may leave unread; beyond, it is left. */
const BACKLOG = 1 << 20

/** What is listened with, and where. */
interface Listener {
  readonly create: (take: (socket: Socket) => void) => Server
  readonly options: { readonly path: string } | { readonly host: string; readonly port: number }
}

/** Whoever connects, and is sent the frames from then on. */
export class Sinks implements Target, StreamEvents {
  readonly queue: FrameQueue
  readonly #at: string
  readonly #listener: Listener
  readonly #drops: Drops
  readonly #log: Logger
  readonly #backoff = new Backoff(PACE)
  readonly #connected = new Set<FrameStream>()
  readonly #taking = new Set<FrameStream>()
  readonly #name: string
  readonly #complaints: Complaints
  #relay: Relay | undefined
  #ended = false
  #server: Server | undefined
  #timer: NodeJS.Timeout | undefined
  #isLost = false

  /** @param at as the log names it: `tcp 192.0.2.1:6000` @param name the same in all threads */
  constructor(at: string, name: string, listener: Listener, limits: QueueLimits, drops: Drops, log: Logger) {
    this.queue = new FrameQueue(limits, drops.add)
    this.#at = at
    this.#name = name
    this.#listener = listener
    this.#drops = drops
    this.#log = log
    this.#complaints = new Complaints(line => log.warn(line))
  }

  get isWanted(): boolean {
    return this.#taking.size > 0
  }

  start(): void {
    this.#listen()
    this.#relay = new Relay(this.#name, (frames, count) => this.#send(frames, count))
    this.queue.open(async (frames, count) => {
      this.#send(Buffer.from(frames), count)
      return true
    })
  }

  async end(): Promise<void> {
    this.#ended = true
    clearTimeout(this.#timer)
    this.#server?.close()
    const relay = this.#relay
    this.#relay = undefined
    await Promise.all([this.queue.end(), relay?.end()])
    await Promise.all(Array.from(this.#connected, sink => sink.stop()))
    this.#drops.tell()
    this.#complaints.end()
  }

  #listen(): void {
    const server = this.#listener.create(socket => this.#take(socket))
    server.on('listening', () => {
      if (this.#isLost) this.#log.info(`Listening on ${this.#at}`)
      this.#isLost = false
    })
    server.on('error', (error: NodeJS.ErrnoException) => {
      // EMFILE and the like: the connection is lost, the listener is not.
      if (!server.listening) void this.#failed(error)
    })
    server.maxConnections = MOST
    server.listen(this.#listener.options)
    this.#server = server
  }

  async #failed(error: NodeJS.ErrnoException): Promise<void> {
    const { options } = this.#listener
    if (error.code === 'EADDRINUSE' && 'path' in options) await removeAbandoned(options.path).catch(() => {})
    if (!this.#isLost) this.#log.error(`Failed to start dnstap listener: ${this.#describe(error)}`)
    this.#isLost = true
    if (!this.#ended) this.#timer = setTimeout(() => this.#listen(), this.#backoff.wait(0))
  }

  /** In the words of CoreDNS, that is, of Go: `listen tcp 127.0.0.1:6000: bind: address already in use`. */
  #describe({ errno, message }: NodeJS.ErrnoException): string {
    return `listen ${this.#at}: ${errno === undefined ? message : `bind: ${getSystemErrorMessage(errno)}`}`
  }

  #take(socket: Socket): void {
    this.#connected.add(new FrameStream(socket, this))
  }

  opened(sink: FrameStream): void {
    this.#taking.add(sink)
    if (this.#relay) this.#relay.isWanted = true
  }

  closed(sink: FrameStream, reason: Error | undefined): void {
    this.#connected.delete(sink)
    this.#taking.delete(sink)
    if (this.#relay) this.#relay.isWanted = this.isWanted
    if (reason && reason.message !== 'EOF') this.#complaints.add(`A dnstap client is left: ${reason.message}`)
  }

  /** Each takes them at its own pace. */
  #send(frames: Buffer, count: number): void {
    for (const sink of this.#taking) {
      if (sink.backlog > BACKLOG) sink.destroy(new Error('it does not keep up'))
      void sink.send(frames).then(taken => {
        if (!taken) this.#drops.add(count)
      })
    }
  }
}

/** A socket whose server was killed is still there. */
async function removeAbandoned(path: string): Promise<void> {
  if (!(await lstat(path)).isSocket()) return
  const probe = connect(path)
  try {
    await once(probe, 'connect')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') await unlink(path)
  } finally {
    probe.destroy()
  }
}
