import type { Stats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import type { Logger } from '../../log.ts'
import { collectGarbage } from '../garbage.ts'
import type { Database } from './databases.ts'
import { checkTail, GeoData, MOST_METADATA } from './geo-data.ts'

/** Milliseconds between two looks at the file. */
const INTERVAL = 5000
/** Octets that are read at a time. */
const SLICE = 16 << 20

interface Reading {
  readonly data: GeoData
  readonly state: string
}

/** A database that the main thread reads, again where another file has come in its place or it was written anew. What is of no use replaces nothing. */
export class WatchedDatabase implements Database {
  log: Logger
  data: GeoData
  readonly caughtUp = Promise.resolve()
  /** Called when there is other data. */
  readonly listeners = new Set<() => void>()
  readonly #path: string
  /** What the file was like when it was read last, and at the last look. */
  #read: string
  #seen: string
  readonly #timer: NodeJS.Timeout

  /** @throws a system error, or why the file is of no use */
  static async open(path: string, log: Logger): Promise<WatchedDatabase> {
    return new WatchedDatabase(path, await read(path), log)
  }

  private constructor(path: string, { data, state }: Reading, log: Logger) {
    this.#path = path
    this.data = data
    this.#read = state
    this.#seen = state
    this.log = log
    this.#timer = setInterval(() => this.#look(), INTERVAL).unref()
  }

  close(): void {
    clearInterval(this.#timer)
    setImmediate(collectGarbage)
  }

  async #look(): Promise<void> {
    const before = this.#seen
    this.#seen = await stat(this.#path).then(stateOf, error => String(error.code))
    // A file that is still being written is another one with every look.
    if (this.#seen !== this.#read && this.#seen === before) await this.#readAgain()
  }

  async #readAgain(): Promise<void> {
    this.#read = this.#seen
    try {
      const { data, state } = await read(this.#path)
      this.data = data
      this.#read = state
      for (const listener of this.listeners) listener()
      // V8 does not count shared memory when it decides whether to collect what nobody uses any more.
      setImmediate(collectGarbage)
      this.log.info(`${this.#path} has changed, and was read again`)
    } catch (error) {
      this.log.error(`the old database stays in use: ${(error as Error).message}`)
    }
  }
}

const stateOf = ({ ino, size, mtimeMs }: Stats): string => `${ino} ${size} ${mtimeMs}`

async function read(path: string): Promise<Reading> {
  await using file = await open(path)
  try {
    const stats = await file.stat()
    // What is no database may be of any length.
    const tail = Buffer.alloc(Math.min(stats.size, MOST_METADATA))
    await file.read(tail, 0, tail.length, stats.size - tail.length)
    checkTail(tail)
    const octets = new SharedArrayBuffer(stats.size)
    const memory = new Uint8Array(octets)
    for (let at = 0; at < memory.length; ) {
      const { bytesRead } = await file.read(memory, at, Math.min(SLICE, memory.length - at), at)
      if (bytesRead === 0) break
      at += bytesRead
    }
    return { data: new GeoData(octets), state: stateOf(stats) }
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`)
  }
}
