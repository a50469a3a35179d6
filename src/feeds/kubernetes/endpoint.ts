import { readFileSync } from 'node:fs'
import type { AccessSource } from './access.ts'

/** Files in PEM: the client's certificate and key, and the certificates to trust. */
interface TlsFiles {
  readonly cert: string
  readonly key: string
  readonly ca: string
}

/** An API server at a URL. @param files for TLS; without them, the system's certificates are trusted */
export function endpoint(url: string, files?: TlsFiles): AccessSource {
  return {
    key: JSON.stringify(['endpoint', url, files]),
    name: `kubernetes ${url}`,
    read: () => ({
      server: url.replace(/\/+$/, ''),
      tls: files ? { cert: read(files.cert), key: read(files.key), ca: read(files.ca) } : {},
      headers: {},
    }),
  }
}

const read = (path: string): string => readFileSync(path, 'utf8')
