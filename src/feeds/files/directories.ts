import { type FSWatcher, lstatSync, realpathSync, statSync, watch } from 'node:fs'
import { dirname } from 'node:path'

interface Watched {
  readonly watcher: FSWatcher
  readonly inode: number
}

/** Watches the directories that some paths depend on: their own, and those that their symbolic links lead to. */
export class Directories {
  readonly #watched = new Map<string, Watched>()
  readonly #onChange: () => void
  readonly #onError: (directory: string, error: Error) => void

  constructor(onChange: () => void, onError: (directory: string, error: Error) => void) {
    this.#onChange = onChange
    this.#onError = onError
  }

  /**
   * Watches for changes of these paths from now on, and of no others.
   * @returns whether a directory is newly watched: what happened in it until now went unseen
   */
  follow(paths: Iterable<string>): boolean {
    const wanted = new Map([...new Set([...paths].flatMap(directoriesOf))].flatMap(inodeOf))
    for (const [directory, { watcher, inode }] of this.#watched) {
      if (wanted.get(directory) === inode) continue
      watcher.close()
      this.#watched.delete(directory)
    }
    const unwatched = [...wanted].filter(([directory]) => !this.#watched.has(directory))
    return unwatched.filter(([directory, inode]) => this.#watch(directory, inode)).length > 0
  }

  #watch(directory: string, inode: number): boolean {
    const fail = (error: Error) => {
      this.#watched.get(directory)?.watcher.close()
      this.#watched.delete(directory)
      this.#onError(directory, error)
    }
    try {
      const watcher = watch(directory, this.#onChange).on('error', fail)
      this.#watched.set(directory, { watcher, inode })
      return true
    } catch (error) {
      fail(error as Error)
      return false
    }
  }
}

function directoriesOf(path: string): string[] {
  try {
    const stats = lstatSync(path)
    if (stats.isDirectory()) return [path]
    if (!stats.isSymbolicLink()) return [dirname(path)]
    const real = realpathSync(path)
    return [dirname(path), statSync(real).isDirectory() ? real : dirname(real)]
  } catch {
    return [dirname(path)]
  }
}

/** A directory that was removed and made again is another one. */
function inodeOf(directory: string): [string, number][] {
  try {
    return [[directory, statSync(directory).ino]]
  } catch {
    return []
  }
}
