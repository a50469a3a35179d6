import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** PEM texts. */
export interface Credentials {
  readonly cert: string | undefined
  readonly key: string | undefined
  /** Whom to trust; the system when nothing is said. */
  readonly ca: string | undefined
}

/** The files of `tls [CERT KEY] [CA]`; relative names count from `root`. @throws a system error */
export function readCredentials(files: readonly string[], root: string): Credentials {
  const [first, second, third] = files.map(file => readFileSync(resolve(root, file), 'utf8'))
  return files.length === 1 ? { cert: undefined, key: undefined, ca: first } : { cert: first, key: second, ca: third }
}
