/**
 * Frames of all threads for the sinks of one listener, which the main thread has. Each further thread hands over what its queue gives, the next when
 * that was taken; and makes no frames while the main thread says that nobody wants any.
 */
import { Buffer } from 'node:buffer'
import { setTimeout as sleep } from 'node:timers/promises'
import { BroadcastChannel, threadId } from 'node:worker_threads'
import type { Drops } from './drops.ts'
import { FrameQueue, type QueueLimits } from './frame-queue.ts'
import { GRACE, type Target } from './target.ts'

/** How long the main thread waits for the last frames of others, in milliseconds. */
const LAST = 500

/** What further threads post. */
interface Report {
  readonly from: number
  readonly frames?: Uint8Array
  readonly count?: number
  readonly last?: true
}

/** What the main thread posts. */
interface Word {
  readonly isWanted?: boolean
  /** The thread whose frames were taken. */
  readonly taken?: number
}

/** @param name the same in all threads */
function open(name: string, take: (data: unknown) => void): BroadcastChannel {
  const channel = new BroadcastChannel(name)
  channel.onmessage = event => take((event as MessageEvent).data)
  // It has no listener that would keep a thread from ending.
  channel.unref()
  return channel
}

/** In the main thread. */
export class Relay {
  readonly #channel: BroadcastChannel
  readonly #others = new Set<number>()
  #isWanted = false
  #onLast = () => {}

  constructor(name: string, take: (frames: Buffer, count: number) => void) {
    this.#channel = open(name, data => {
      const { from, frames, count = 0, last } = data as Report
      this.#others.add(from)
      if (frames) {
        take(Buffer.from(frames), count)
        this.#post({ taken: from })
      } else if (last) {
        this.#others.delete(from)
        if (this.#others.size === 0) this.#onLast()
      } else this.#post({ isWanted: this.#isWanted })
    })
  }

  set isWanted(isWanted: boolean) {
    if (isWanted !== this.#isWanted) this.#post({ isWanted })
    this.#isWanted = isWanted
  }

  /** Takes the last frames of the other threads, which end as well. */
  async end(): Promise<void> {
    const last = new Promise<void>(resolve => {
      this.#onLast = resolve
    })
    if (this.#others.size > 0) await Promise.race([last, sleep(LAST, undefined, { ref: false })])
    this.#channel.close()
  }

  #post(word: Word): void {
    this.#channel.postMessage(word)
  }
}

/** In a further thread. */
export class RelayedSinks implements Target {
  readonly queue: FrameQueue
  isWanted = false
  readonly #name: string
  readonly #drops: Drops
  #channel: BroadcastChannel | undefined
  #taken: (isTaken: boolean) => void = () => {}

  constructor(name: string, limits: QueueLimits, drops: Drops) {
    this.queue = new FrameQueue(limits, drops.add)
    this.#name = name
    this.#drops = drops
  }

  start(): void {
    this.#channel = open(this.#name, data => {
      const { isWanted, taken } = data as Word
      if (isWanted !== undefined) this.isWanted = isWanted
      if (taken === threadId) this.#taken(true)
    })
    this.#post({ from: threadId })
    this.queue.open(
      (frames, count) =>
        new Promise(resolve => {
          this.#taken = resolve
          // Posting a part of a larger piece of memory would copy all of that.
          this.#post({ from: threadId, frames: Uint8Array.from(frames), count })
        }),
    )
  }

  async end(): Promise<void> {
    const late = setTimeout(() => this.#taken(false), GRACE)
    await this.queue.end()
    clearTimeout(late)
    this.#post({ from: threadId, last: true })
    this.#channel?.close()
    this.#drops.tell()
  }

  #post(report: Report): void {
    this.#channel?.postMessage(report)
  }
}
