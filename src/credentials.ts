import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/** PEM texts. */
export interface Credentials {
  readonly cert: string | undefined
  readonly key: string | undefined
  /** Whom to trust; the system by default. */
  readonly ca: string | undefined
}

/** The files of `tls [CERT KEY] [CA]`; relative names count from `root`. @throws {Error} one cannot be read, or does not hold what it should */
export function readCredentials(files: readonly string[], root: string): Credentials {
  try {
    const [first, second, third] = files.map(file => readFileSync(resolve(root, file), 'utf8'))
    const credentials =
      files.length === 1 ? { cert: undefined, key: undefined, ca: first } : { cert: first, key: second, ca: third }
    const { cert, key, ca } = credentials
    for (const text of [cert, ca]) if (text !== undefined) new X509Certificate(text)
    if (cert !== undefined && key !== undefined && !new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
      throw new Error('the key is not that of the certificate')
    return credentials
  } catch (error) {
    throw new Error(`could not load TLS files: ${(error as Error).message}`)
  }
}
