import { Buffer } from 'node:buffer'

/** Octets of frames that are handed over together, and milliseconds that the first of them waits for others. */
const CHUNK = 64 << 10
const DELAY = 100
/** Chunks of memory that are kept for later. */
const SPARE = 4

/** Takes whole frames, and says whether they arrived where they should, as far as that can be known. The memory is its own until then. Never rejects. */
type Outlet = (octets: Uint8Array, frames: number) => Promise<boolean>

interface Chunk {
  readonly memory: Buffer
  length: number
  frames: number
}

/** What may wait. */
export interface QueueLimits {
  readonly frames: number
  readonly octets: number
}

/** Frames that wait to be taken. If there are too many, the newest is dropped: adding one never waits. */
export class FrameQueue {
  readonly #limits: QueueLimits
  readonly #onDrop: (frames: number) => void
  #outlet: Outlet | undefined
  /** Oldest first; the last is written to. */
  #chunks: Chunk[] = []
  /** What waits and what is being taken. */
  #frames = 0
  #octets = 0
  readonly #spare: Buffer[] = []
  #timer: NodeJS.Timeout | undefined
  #taking: Promise<void> | undefined

  constructor(limits: QueueLimits, onDrop: (frames: number) => void) {
    this.#limits = limits
    this.#onDrop = onDrop
  }

  /** Whether there is room for another frame; where there is none, one is dropped. */
  admits(): boolean {
    if (this.#frames < this.#limits.frames && this.#octets < this.#limits.octets) return true
    this.#onDrop(1)
    return false
  }

  /** Adds a frame that is admitted, which is these octets with their length in front. */
  add(parts: readonly Uint8Array[]): void {
    let length = 4
    for (const part of parts) length += part.length
    const chunk = this.#chunkFor(length)
    let at = chunk.memory.writeUInt32BE(length - 4, chunk.length)
    for (const part of parts) {
      chunk.memory.set(part, at)
      at += part.length
    }
    chunk.length = at
    chunk.frames++
    this.#frames++
    this.#octets += length
    this.#wait()
  }

  #chunkFor(length: number): Chunk {
    const last = this.#chunks.at(-1)
    if (last && last.length + length <= last.memory.length) return last
    const memory = length > CHUNK ? Buffer.allocUnsafe(length) : (this.#spare.pop() ?? Buffer.allocUnsafe(CHUNK))
    const chunk = { memory, length: 0, frames: 0 }
    this.#chunks.push(chunk)
    // The one before is full.
    if (last) queueMicrotask(() => this.#take())
    return chunk
  }

  /** There is somebody to take frames, from the oldest on. */
  open(outlet: Outlet): void {
    this.#outlet = outlet
    this.#take()
  }

  /** There is nobody: they wait. */
  close(): void {
    this.#outlet = undefined
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Has more frames come together. */
  #wait(): void {
    if (this.#outlet && !this.#taking && this.#frames > 0) this.#timer ??= setTimeout(() => this.#take(), DELAY)
  }

  #take(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#taking ??= this.#takeChunks().finally(() => {
      this.#taking = undefined
      this.#wait()
    })
  }

  /** Hands over what there is, chunk by chunk, each when the one before was taken; what came meanwhile, only where it fills one. */
  async #takeChunks(): Promise<void> {
    do {
      const chunk = this.#outlet && this.#chunks.shift()
      if (!chunk) return
      const arrived = await this.#outlet!(chunk.memory.subarray(0, chunk.length), chunk.frames)
      if (!arrived) this.#onDrop(chunk.frames)
      this.#frames -= chunk.frames
      this.#octets -= chunk.length
      if (chunk.memory.length === CHUNK && this.#spare.length < SPARE) this.#spare.push(chunk.memory)
    } while (this.#chunks.length > 1)
  }

  /** Fulfilled when everything was taken, or nobody is there any more to take it; what is left then is dropped. */
  async end(): Promise<void> {
    while (this.#outlet && this.#frames > 0) {
      this.#take()
      await this.#taking
    }
    this.close()
    await this.#taking
    if (this.#frames > 0) this.#onDrop(this.#frames)
    this.#chunks = []
    this.#frames = 0
    this.#octets = 0
  }
}
