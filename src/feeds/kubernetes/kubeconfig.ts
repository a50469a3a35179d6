import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Access, AccessSource } from './access.ts'

const READER = fileURLToPath(new URL('./kubeconfig-reader.ts', import.meta.url))

/** Milliseconds for all that, which is more than a program that gives credentials has. */
const TIMEOUT = 60_000
/** Milliseconds before a token expires when it is no longer shown. */
const EARLY = 60_000
/** Milliseconds between two readings in which no file changes: each is a process, and every watch that is refused asks for one. */
const REPOSE = 10_000
/** Characters of what went wrong: a program may print anything. */
const MAX_REASON = 500

/** What a kubeconfig file says. */
export interface Said {
  readonly access: Access
  /** Whether it may say something else although no file has changed. */
  readonly renewable: boolean
  /** When the token expires, by the clock in milliseconds, where that is known. */
  readonly expires: number | undefined
  /** The file and those that it names, and when each was changed last, by the clock in milliseconds. */
  readonly files: readonly (readonly [path: string, changed: number])[]
}

/**
 * What a kubeconfig file says, and the files that it names. Reading them, and running what it names for credentials, takes a library of
 * 80 MB, so a process of its own does that and ends.
 * @param context the file's current one where nothing is said
 * @param root the directory that a relative name counts from; empty for the working directory
 */
export function kubeconfig(file: string, context?: string, root = ''): AccessSource {
  const path = resolve(root, file)
  let held: Said | undefined
  let failure: { readonly error: Error; readonly files: Said['files'] } | undefined
  /** When it was read again although no file had changed, or in vain. */
  let tried = Number.NEGATIVE_INFINITY
  const read = async (): Promise<Said> => {
    const files = await stamped(held?.files.map(([named]) => named) ?? [path])
    try {
      held = await readInProcess(path, context)
      failure = undefined
      return held
    } catch (error) {
      failure = { error: error as Error, files }
      tried = performance.now()
      throw error
    }
  }
  return {
    key: JSON.stringify(['kubeconfig', path, context]),
    name: `kubernetes kubeconfig ${file}${context === undefined ? '' : ` ${context}`}`,
    async read(renew) {
      const last = failure ?? held
      if (!last || (await hasChanged(last.files))) return (await read()).access
      const due = failure || (held!.renewable && (renew || isStale(held!)))
      if (due && performance.now() - tried > REPOSE) {
        tried = performance.now()
        return (await read()).access
      }
      if (failure) throw failure.error
      return held!.access
    },
  }
}

const isStale = ({ expires }: Said): boolean => expires !== undefined && expires - EARLY < Date.now()

/** @throws {Error} a file is not there */
const stamped = (files: readonly string[]): Promise<Said['files']> =>
  Promise.all(files.map(async file => [file, (await stat(file)).mtimeMs] as const))

/** @throws {Error} a file is not there */
async function hasChanged(files: Said['files']): Promise<boolean> {
  const now = await stamped(files.map(([file]) => file))
  return files.some(([, changed], i) => now[i]![1] !== changed)
}

async function readInProcess(path: string, context: string | undefined): Promise<Said> {
  const args = [READER, path, ...(context === undefined ? [] : [context])]
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: TIMEOUT, maxBuffer: 4 << 20 })
    return JSON.parse(stdout)
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string }
    throw new Error(`kubeconfig ${path}: ${(stderr || message).replace(/\s+/g, ' ').trim().slice(0, MAX_REASON)}`)
  }
}
