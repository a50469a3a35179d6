import { readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Entry, EntryError, readEntries } from './entries.ts'
import { generate } from './generate.ts'
import { type MasterRecord, RecordReader } from './record.ts'
import { parseTtl, Words } from './words.ts'

/** In octets, of a file with all that it includes; more is not read. */
const MAX_SIZE = 64 << 20
const MAX_RECORDS = 1_000_000
/** Files that include one another. */
const MAX_DEPTH = 8
/** Lines, or records that one line makes, between two turns of the event loop: about a millisecond. */
const SLICE = 200

/** What cannot be accepted in a master file; the message begins with `FILE:LINE: `. */
export class MasterFileError extends Error {
  override readonly name = 'MasterFileError'
}

/** Where a record stands. */
export interface Place {
  readonly file: string
  /** Counted from 1. */
  readonly line: number
}

/**
 * Takes the next record. False, when no more are wanted.
 * @throws {RangeError} what is wrong with it
 */
type TakeRecord = (record: MasterRecord, place: Place) => boolean

/** Reads a master file (RFC 1035 §5) with what it includes, in slices that no query has to wait for. */
export class MasterFile {
  readonly path: string
  /** What each file that was read is known by, by path. */
  readonly #seen = new Map<string, string>()
  #size = 0
  #lines = 0
  #records = 0

  constructor(path: string) {
    this.path = path
  }

  /**
   * Each record in its order, until there are none or `take` wants no more.
   * @param origin in wire form
   * @throws {MasterFileError} a line that is not accepted, or that includes a file that cannot be read
   * @throws a system error, where the file itself cannot be read
   */
  async read(origin: string, take: TakeRecord): Promise<void> {
    this.#seen.clear()
    this.#size = this.#lines = this.#records = 0
    await this.#readFile(this.path, new RecordReader(origin), take, 1)
  }

  /** Whether one of the files that were read is another by now. */
  async isChanged(): Promise<boolean> {
    for (const [path, state] of this.#seen) if ((await stateOf(path)) !== state) return true
    return this.#seen.size === 0
  }

  async #readFile(path: string, reader: RecordReader, take: TakeRecord, depth: number): Promise<boolean> {
    const text = await this.#textOf(path)
    let line = 1
    try {
      for (const entry of readEntries(text)) {
        line = entry.line
        if (++this.#lines % SLICE === 0) await nextTurn()
        if (entry.words.length === 0) continue
        const goesOn =
          entry.flush && entry.words[0]!.startsWith('$')
            ? await this.#direct(path, entry, reader, take, depth)
            : this.#take(reader.read(entry.words, entry.flush), take, { file: path, line })
        if (!goesOn) return false
      }
      return true
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw new MasterFileError(`${path}:${error instanceof EntryError ? error.line : line}: ${utf8(error.message)}`)
    }
  }

  #take(record: MasterRecord, take: TakeRecord, place: Place): boolean {
    if (++this.#records > MAX_RECORDS) throw new RangeError(`more than ${MAX_RECORDS} records`)
    return take(record, place)
  }

  async #direct(path: string, { words, line }: Entry, reader: RecordReader, take: TakeRecord, depth: number): Promise<boolean> {
    const rest = new Words(words, reader.origin, 1)
    const directive = words[0]!.toUpperCase()
    if (directive === '$ORIGIN') reader.origin = rest.name('NAME')
    else if (directive === '$TTL') {
      const word = rest.take('TTL')
      const ttl = parseTtl(word)
      if (ttl === undefined) throw new RangeError(`TTL must be seconds, or a time such as 1h30m: '${word}'`)
      reader.ttl = ttl
    } else if (directive === '$INCLUDE') {
      if (depth >= MAX_DEPTH) throw new RangeError(`more than ${MAX_DEPTH} files include one another`)
      const file = resolve(dirname(path), utf8(rest.octets('FILE')))
      const origin = rest.left > 0 ? rest.name('NAME') : reader.origin
      const goesOn = await this.#include(file, reader.branch(origin), take, depth)
      if (!goesOn) return false
    } else if (directive === '$GENERATE') {
      for (const generated of generate(words.slice(1))) {
        if (!this.#take(reader.read(generated, true), take, { file: path, line })) return false
        if (this.#records % SLICE === 0) await nextTurn()
      }
      return true
    } else throw new RangeError(`unknown directive: '${words[0]}'`)
    if (rest.left > 0) throw new RangeError(`too many words for ${directive}: '${rest.peek}'`)
    return true
  }

  async #include(path: string, reader: RecordReader, take: TakeRecord, depth: number): Promise<boolean> {
    try {
      return await this.#readFile(path, reader, take, depth + 1)
    } catch (error) {
      if (error instanceof MasterFileError || !(error instanceof Error)) throw error
      throw new RangeError(error.message)
    }
  }

  async #textOf(path: string): Promise<string> {
    this.#seen.set(path, await stateOf(path))
    const about = await stat(path)
    if (!about.isFile()) throw new Error(`${path} is not a file`)
    this.#size += about.size
    if (this.#size > MAX_SIZE) throw new Error(`${path} is longer than ${MAX_SIZE} octets, with what it includes`)
    const octets = await readFile(path)
    // Behind a byte order mark, where there is one.
    return octets.toString('latin1', octets.subarray(0, 3).toString('hex') === 'efbbbf' ? 3 : 0)
  }
}

const stateOf = (path: string): Promise<string> =>
  stat(path).then(
    ({ ino, mtimeMs, size }) => `${ino} ${mtimeMs} ${size}`,
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  )

/** Octets as people read them; what would upset a log or a terminal is left out. */
const utf8 = (octets: string): string =>
  Buffer.from(octets, 'latin1')
    .toString()
    .replace(/\p{Cc}/gu, '?')
