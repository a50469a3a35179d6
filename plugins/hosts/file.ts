import { open } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { HostTable } from './table.ts'

/** In octets; a longer file is not read. */
const MAX_SIZE = 64 << 20
/** In octets; a longer line is skipped. */
const MAX_LINE = 64 << 10
/** Lines between two turns of the event loop: about a millisecond. */
const SLICE = 1000

/** What a file held when it was read. */
interface Reading {
  table: HostTable
  /** Milliseconds since the epoch. */
  modified: number
  /** Lines with a word that is neither address nor name; the first of them. */
  bad: { count: number; line: number; word: string } | undefined
}

/** A hosts file that is read again when its size or the time of its last change is another. */
export class HostsFile {
  readonly path: string
  #seen = ''

  constructor(path: string) {
    this.path = path
  }

  /**
   * Reads the file into a new table, in slices that no query has to wait for; undefined where it has not changed.
   * @throws a system error, or that the file is too long; once for each state of the file
   */
  async read(create: () => HostTable): Promise<Reading | undefined> {
    const file = await open(this.path).catch((error: NodeJS.ErrnoException) => {
      if (!this.#isNew(error.code ?? error.message)) return undefined
      throw error
    })
    if (!file) return undefined
    try {
      const { mtimeMs, size, ino } = await file.stat()
      if (!this.#isNew(`${ino} ${mtimeMs} ${size}`)) return undefined
      if (size > MAX_SIZE) throw new RangeError(`${this.path} is longer than ${MAX_SIZE} octets`)
      const table = create()
      return { table, modified: mtimeMs, bad: await fill(table, await file.readFile()) }
    } finally {
      await file.close()
    }
  }

  #isNew(state: string): boolean {
    const before = this.#seen
    this.#seen = state
    return state !== before
  }
}

async function fill(table: HostTable, content: Buffer): Promise<Reading['bad']> {
  let bad: Reading['bad']
  let line = 0
  for (let at = 0; at < content.length; ) {
    const newline = content.indexOf(10, at)
    const end = newline < 0 ? content.length : newline
    line++
    const word = end - at > MAX_LINE ? content.toString('utf8', at, at + 32) : table.add(content.toString('utf8', at, end))
    if (word !== undefined) bad = { line, word, ...bad, count: (bad?.count ?? 0) + 1 }
    at = end + 1
    if (line % SLICE === 0) await nextTurn()
  }
  return bad
}
