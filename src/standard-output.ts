/** Standard output for lines of the log: in blocks, in their order, and never waited for. */
import { constants, fstatSync, openSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'

/** Lines are written when there is so much of them, in characters, or so many milliseconds after those before: a single line at once. */
const BLOCK = 1 << 15
const INTERVAL = 50
/** How much waits for a reader that has stopped reading, in characters; what comes later is dropped. */
const PENDING = 4 << 20
/** How long the end of the process waits for a reader, in milliseconds, and how often it tries. */
const LAST = 1000
const AGAIN = 10

export class StandardOutput {
  readonly #fd: number
  readonly #onLoss: (lines: number) => void
  /** Of a block, what a full pipe did not take; and what comes after it. */
  #rest = Buffer.alloc(0)
  #text = ''
  #isDue = false
  /** When lines were written last, by the monotonic clock in milliseconds. */
  #flushedAt = Number.NEGATIVE_INFINITY
  #lost = 0

  /** @param onLoss is told how many lines were dropped, when lines can be written again */
  constructor(onLoss: (lines: number) => void) {
    const kind = fstatSync(1)
    this.#fd = kind.isFIFO() ? openAnew() : 1
    // A socket cannot be opened anew. Made a stream, it does not have a writer wait, either.
    if (kind.isSocket()) new Socket({ fd: 1, readable: false }).unref()
    this.#onLoss = onLoss
    process.once('exit', () => {
      if (!this.#finish()) return
      this.#tellLost()
      this.#finish()
    })
  }

  write(line: string): void {
    if (this.#text.length + line.length > PENDING) {
      this.#lost++
      return
    }
    this.#text += line
    if (this.#text.length >= BLOCK && this.#rest.length === 0) this.#flush()
    else this.#flushLater()
  }

  #flushLater(): void {
    if (this.#isDue) return
    this.#isDue = true
    const due = () => {
      this.#isDue = false
      this.#flush()
    }
    setTimeout(due, Math.max(0, this.#flushedAt + INTERVAL - performance.now())).unref()
  }

  #flush(): void {
    this.#flushedAt = performance.now()
    if (this.#tryFlush() !== undefined) {
      this.#flushLater()
      return
    }
    this.#tellLost()
  }

  #tellLost(): void {
    const lost = this.#lost
    this.#lost = 0
    if (lost > 0) this.#onLoss(lost)
  }

  /** Writes all that there is. @returns why that was not possible: EAGAIN for a reader that is slow */
  #tryFlush(): string | undefined {
    try {
      while (this.#rest.length > 0 || this.#text !== '') {
        if (this.#rest.length === 0) {
          this.#rest = Buffer.from(this.#text)
          this.#text = ''
        }
        this.#rest = this.#rest.subarray(writeSync(this.#fd, this.#rest))
      }
      return undefined
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? 'unknown'
    }
  }

  /** Writes all that there is, with time for the reader; says whether it was all read. */
  #finish(): boolean {
    const clock = new Int32Array(new SharedArrayBuffer(4))
    for (let waited = 0; this.#tryFlush() === 'EAGAIN'; waited += AGAIN) {
      if (waited >= LAST) return false
      Atomics.wait(clock, 0, 0, AGAIN)
    }
    return true
  }
}

/** A pipe's other end, so that writing does not wait while the pipe is full, and nobody else who writes to it is concerned. */
function openAnew(): number {
  try {
    return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    return 1
  }
}
