import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { SecureVersion, TlsOptions } from 'node:tls'
import { parse } from 'yaml'

/** The keys of `tls_server_config` that are understood; each of the first three has a twin with `_file` behind it. */
const CERTIFICATES = ['cert', 'key', 'client_ca'] as const
const VERSIONS = new Map<unknown, SecureVersion>([
  ['TLS10', 'TLSv1'],
  ['TLS11', 'TLSv1.1'],
  ['TLS12', 'TLSv1.2'],
  ['TLS13', 'TLSv1.3'],
])
/** Whether the client must show a certificate; what lies between is insecure, by the format's own documentation. */
const CLIENT_AUTH = new Map<unknown, boolean>([
  [undefined, false],
  ['NoClientCert', false],
  ['RequireAndVerifyClientCert', true],
])

/**
 * Reads a web configuration file of Prometheus's exporter toolkit, its TLS part.
 * @returns undefined where it has none, as the toolkit then speaks plain HTTP
 * @throws {Error} what is wrong with it, or not supported: less security than was asked for is none
 */
export async function readWebConfig(file: string): Promise<TlsOptions | undefined> {
  try {
    const { tls_server_config: tls, ...rest } = mapping(parse(await readFile(file, 'utf8')) ?? {}, 'the file')
    refuse(rest)
    return tls === undefined ? undefined : await readTls(mapping(tls, 'tls_server_config'), dirname(file))
  } catch (error) {
    throw new Error(`TLS config file ${file}: ${(error as Error).message}`, { cause: error })
  }
}

async function readTls(config: Record<string, unknown>, folder: string): Promise<TlsOptions> {
  const { client_auth_type, min_version = 'TLS12', max_version = 'TLS13', ...rest } = config
  const pem: Partial<Record<(typeof CERTIFICATES)[number], string>> = {}
  for (const name of CERTIFICATES) {
    const [inline, path] = [rest[name], rest[`${name}_file`]]
    delete rest[name]
    delete rest[`${name}_file`]
    if (inline !== undefined && path !== undefined) throw new Error(`${name} and ${name}_file exclude each other`)
    if (path !== undefined) pem[name] = await readFile(resolve(folder, String(path)), 'utf8')
    else if (inline !== undefined) pem[name] = String(inline)
  }
  refuse(rest)
  if (pem.cert === undefined || pem.key === undefined) throw new Error('a certificate and a key are needed')
  const requestCert = known(CLIENT_AUTH, 'client_auth_type', client_auth_type)
  if (requestCert && pem.client_ca === undefined) throw new Error('client_auth_type needs client_ca or client_ca_file')
  return {
    cert: pem.cert,
    key: pem.key,
    ...(pem.client_ca !== undefined && { ca: pem.client_ca }),
    requestCert,
    minVersion: known(VERSIONS, 'min_version', min_version),
    maxVersion: known(VERSIONS, 'max_version', max_version),
  }
}

function known<T>(values: ReadonlyMap<unknown, T>, name: string, word: unknown): T {
  const value = values.get(word)
  if (value === undefined) throw new Error(`${name} '${word}' is not one of ${[...values.keys()].filter(Boolean).join(', ')}`)
  return value
}

function mapping(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} must be a mapping`)
  return value as Record<string, unknown>
}

function refuse(rest: Record<string, unknown>): void {
  const [name] = Object.keys(rest)
  if (name !== undefined) throw new Error(`${name} is not supported`)
}
