import type { Socket } from 'node:net'
import { getSystemErrorMessage } from 'node:util'
import { Backoff } from '#src/backoff.ts'
import type { Logger } from '#src/plugin.ts'
import type { Drops } from './drops.ts'
import { FrameQueue, type QueueLimits } from './frame-queue.ts'
import { FrameStream, type StreamEvents } from './frame-stream.ts'
import { GRACE, PACE, type Target } from './target.ts'

/** A server that frames are sent to: connected to, again and again. Meanwhile they wait. */
export class Collector implements Target, StreamEvents {
  readonly queue: FrameQueue
  readonly isWanted = true
  readonly #to: string
  readonly #dial: () => Socket
  readonly #drops: Drops
  readonly #log: Logger
  readonly #backoff = new Backoff(PACE)
  #ended = false
  #stream: FrameStream | undefined
  #openedAt: number | undefined
  #timer: NodeJS.Timeout | undefined
  /** The log has told that it is out of reach. */
  #isLost = false

  /** @param to as the log names it: `tcp 192.0.2.1:6000` */
  constructor(to: string, dial: () => Socket, limits: QueueLimits, drops: Drops, log: Logger) {
    this.queue = new FrameQueue(limits, drops.add)
    this.#to = to
    this.#dial = dial
    this.#drops = drops
    this.#log = log
  }

  start(): void {
    this.#stream = new FrameStream(this.#dial(), this)
  }

  async end(): Promise<void> {
    this.#ended = true
    clearTimeout(this.#timer)
    const late = setTimeout(() => this.#stream?.destroy(), GRACE)
    await this.#stream?.settled
    await this.queue.end()
    await this.#stream?.stop()
    clearTimeout(late)
    this.#drops.tell()
  }

  opened(stream: FrameStream): void {
    this.#openedAt = performance.now()
    this.queue.open(frames => stream.send(frames))
    if (this.#isLost) this.#log.info(`Connected to dnstap endpoint: ${this.#to}`)
    this.#isLost = false
  }

  closed(stream: FrameStream, reason: Error | undefined): void {
    const worked = this.#openedAt === undefined ? 0 : performance.now() - this.#openedAt
    this.#openedAt = undefined
    this.queue.close()
    this.#stream = undefined
    if (this.#ended) return
    if (!this.#isLost) this.#log.error(`No connection to dnstap endpoint: ${this.#describe(stream, reason!)}`)
    this.#isLost = true
    this.#timer = setTimeout(() => this.start(), this.#backoff.wait(worked))
  }

  /** In the words of CoreDNS, that is, of Go: `dial unix /run/dnstap.sock: connect: no such file or directory`. */
  #describe({ isConnected }: FrameStream, { syscall, errno, message }: NodeJS.ErrnoException): string {
    const reason = errno === undefined ? message : `${syscall}: ${getSystemErrorMessage(errno)}`
    return `${isConnected ? 'write' : 'dial'} ${this.#to}: ${reason}`
  }
}
