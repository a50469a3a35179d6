/** How istiod is reached, and what it is shown. */
import { readFileSync } from 'node:fs'
import type { SecureClientSessionOptions } from 'node:http2'
import { isIP } from 'node:net'
import type { Identity } from './request.ts'

/** Paths of files in PEM, read anew for each connection. */
interface Tls {
  /** Whom to trust; the system's certificates where nothing is said. */
  readonly ca?: string | undefined
  /** The client's certificate and key. */
  readonly certificate?: { readonly cert: string; readonly key: string } | undefined
  /** The name that istiod's certificate is for, where it is not the address's. */
  readonly serverName?: string | undefined
}

export interface Access extends Identity {
  /** `HOST:PORT`, in the order in which they are tried. */
  readonly addresses: readonly string[]
  /** Undefined for plain text. */
  readonly tls: Tls | undefined
  /** The path of the file that holds the bearer token. */
  readonly token: string | undefined
  /** Whether endpoints of the cluster `clusterId` are marked, since another source reports them as well. */
  readonly apart: boolean
}

/** Headers that say who asks. @throws {Error} the token cannot be read */
export function headersOf({ token, clusterId }: Access): Record<string, string> {
  return { clusterid: clusterId, ...(token !== undefined && { authorization: `Bearer ${read('istiod_token', token).trim()}` }) }
}

/** @param host of the address @throws {Error} a file cannot be read */
export function tlsOf({ tls }: Access, host: string): SecureClientSessionOptions {
  if (!tls) return {}
  const servername = tls.serverName ?? (isIP(host) === 0 ? host : undefined)
  return {
    ...(tls.ca !== undefined && { ca: read('istiod_ca', tls.ca) }),
    ...(tls.certificate && { cert: read('istiod_tls', tls.certificate.cert), key: read('istiod_tls', tls.certificate.key) }),
    ...(servername !== undefined && { servername }),
  }
}

function read(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Error(`${option} cannot be read: ${(error as Error).message}`)
  }
}
