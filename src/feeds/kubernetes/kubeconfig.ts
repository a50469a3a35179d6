import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Access, AccessSource } from './access.ts'

const READER = fileURLToPath(new URL('./kubeconfig-reader.ts', import.meta.url))

/** Milliseconds: a program that gives credentials may ask others over the network. */
const TIMEOUT = 60_000
/** Milliseconds before a token expires when it is no longer shown. */
const EARLY = 60_000

/** What a kubeconfig file says. */
export interface Said {
  readonly access: Access
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
  return {
    key: JSON.stringify(['kubeconfig', path, context]),
    name: `kubernetes kubeconfig ${file}${context === undefined ? '' : ` ${context}`}`,
    async read(renew) {
      if (!held || renew || isStale(held) || (await hasChanged(held))) held = await readInProcess(path, context)
      return held.access
    },
  }
}

const isStale = ({ expires }: Said): boolean => expires !== undefined && expires - EARLY < Date.now()

/** @throws {Error} a file is not there */
async function hasChanged({ files }: Said): Promise<boolean> {
  const times = await Promise.all(files.map(async ([file]) => (await stat(file)).mtimeMs))
  return files.some(([, changed], i) => times[i] !== changed)
}

async function readInProcess(path: string, context: string | undefined): Promise<Said> {
  const args = [READER, path, ...(context === undefined ? [] : [context])]
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: TIMEOUT, maxBuffer: 4 << 20 })
    return JSON.parse(stdout)
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string }
    throw new Error(`kubeconfig ${path}: ${stderr.trim() || message}`)
  }
}
