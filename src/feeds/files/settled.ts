import { closeSync, fstatSync, openSync, readdirSync, readFileSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'

/** Milliseconds that a file must have been left alone before it is read: it may be written in place, and not be complete yet. */
const QUIET = 15
/** The same for a file that has become smaller, which is likely to be half written, and for one that is gone, which may come back. */
const QUIET_SMALLER = 50
/** The same for a file that has become empty: `kubectl get … > FILE` takes its time. */
const QUIET_BLANK = 2000

/** A larger file is not read. */
const MAX_OCTETS = 64 << 20

const GONE = 'gone'

interface File {
  readonly path: string
  /** The path that the operator named: the file, or its folder. */
  readonly root: string
  /** What the file was like when it was read: inode, size, times of change. */
  stamp: string
  size: number
  /** What it was like when it was looked at last, and since when, by the monotonic clock. */
  seen: string
  since: number
  /** The stamp of a reading that was refused because it was blank. */
  blank: string
}

interface Reader {
  /** The file holds this text now. False refuses a text that is not `settled` yet: it has become empty. */
  read(path: string, text: string, settled: boolean): boolean
  gone(path: string): void
  /** The file, or what the operator named, cannot be read; once for each reason. */
  unreadable(path: string, reason: string): void
}

/** Files and folders of manifests, each file read once it is whole. */
export class SettledFiles {
  readonly #named: readonly string[]
  readonly #reader: Reader
  readonly #files = new Map<string, File>()
  /** Paths that were reported as unreadable, and why. */
  readonly #unreadable = new Map<string, string>()

  constructor(named: readonly string[], reader: Reader) {
    this.#named = named
    this.#reader = reader
  }

  /** Why one of the named paths cannot be read; undefined when all of them can. */
  get lost(): string | undefined {
    const root = this.#named.find(path => this.#unreadable.has(path))
    return root && this.#unreadable.get(root)
  }

  get paths(): Iterable<string> {
    return this.#files.keys()
  }

  /**
   * Looks at everything, and reads what has changed and is whole.
   * @returns milliseconds until it is worth looking again; undefined where nothing is pending
   */
  scan(): number | undefined {
    const waits: number[] = []
    const lost = new Set<string>()
    const present = new Set<string>()
    for (const root of this.#named) {
      try {
        for (const path of manifestsOf(root)) {
          present.add(path)
          waits.push(this.#look(path, root))
        }
      } catch (error) {
        lost.add(root)
        this.#complain(root, error)
        // When it is back it is read again, even if it is the same.
        const file = this.#files.get(root)
        if (file) file.stamp = ''
      }
    }
    for (const file of this.#files.values()) {
      // A folder that cannot be read says nothing about its files; a file that was named is lost, not deleted.
      if (!present.has(file.path) && !lost.has(file.root)) waits.push(this.#lookGone(file))
    }
    for (const path of this.#unreadable.keys()) if (!this.#files.has(path) && !lost.has(path)) this.#unreadable.delete(path)
    const pending = waits.filter(wait => wait > 0)
    return pending.length > 0 ? Math.min(...pending) : undefined
  }

  /** @returns milliseconds until the file is to be read; 0 when it is settled */
  #look(path: string, root: string): number {
    let stats: Stats
    try {
      stats = statSync(path)
    } catch (error) {
      if (path === root) throw error
      return 0
    }
    if (!stats.isFile()) return 0
    const file = this.#files.get(path) ?? { path, root, stamp: '', size: 0, seen: '', since: 0, blank: '' }
    this.#files.set(path, file)
    const stamp = stampOf(stats)
    const quiet = Math.max(settle(file, stamp), Date.now() - stats.mtimeMs)
    if (stamp === file.stamp) return 0
    const needed = file.blank === stamp ? QUIET_BLANK : stats.size < file.size ? QUIET_SMALLER : QUIET
    if (quiet < needed) return needed - quiet
    try {
      const text = readWhole(path, stamp)
      if (text === undefined) return QUIET
      if (!this.#reader.read(path, text, quiet >= QUIET_BLANK)) {
        file.blank = stamp
        return QUIET_BLANK - quiet
      }
      this.#unreadable.delete(path)
      file.size = stats.size
    } catch (error) {
      this.#complain(path, error)
    }
    file.stamp = stamp
    return 0
  }

  #lookGone(file: File): number {
    const quiet = settle(file, GONE)
    if (quiet < QUIET_SMALLER) return QUIET_SMALLER - quiet
    this.#files.delete(file.path)
    this.#reader.gone(file.path)
    return 0
  }

  #complain(path: string, error: unknown): void {
    const reason = (error as Error).message
    if (this.#unreadable.get(path) === reason) return
    this.#unreadable.set(path, reason)
    this.#reader.unreadable(path, reason)
  }
}

/** The file itself, or the manifests of a folder. Hidden entries are none: a mounted ConfigMap keeps its versions there. */
function manifestsOf(root: string): string[] {
  if (!statSync(root).isDirectory()) return [root]
  return readdirSync(root)
    .filter(name => /^[^.].*\.(ya?ml|json)$/.test(name))
    .sort()
    .map(name => join(root, name))
}

const stampOf = ({ ino, size, mtimeMs, ctimeMs }: Stats): string => `${ino} ${size} ${mtimeMs} ${ctimeMs}`

/** How long the file has been like this, in milliseconds. */
function settle(file: File, stamp: string): number {
  const now = performance.now()
  if (file.seen !== stamp) {
    file.seen = stamp
    file.since = now
  }
  return now - file.since
}

/** The text of the file, which must still be like `stamp` when it has been read. */
function readWhole(path: string, stamp: string): string | undefined {
  const descriptor = openSync(path, 'r')
  try {
    if (fstatSync(descriptor).size > MAX_OCTETS) throw new Error(`${path} is larger than ${MAX_OCTETS >> 20} MiB`)
    const text = readFileSync(descriptor, 'utf8')
    return stampOf(fstatSync(descriptor)) === stamp ? text : undefined
  } finally {
    closeSync(descriptor)
  }
}
