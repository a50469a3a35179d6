/** Certificates for tests, made by openssl in a folder of their own. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { missing } from './programs.ts'

/** PEM texts. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

const run = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' })

/** Whether openssl is there. */
export const hasOpenssl = (): boolean => missing('openssl', 'version') === undefined

/** An authority that signs certificates for `dns.example.org` and for 127.0.0.1. */
export class Authority implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'istio-coredns-tls-'))

  constructor() {
    const name = ['-subj', '/CN=authority.example.org', '-addext', 'basicConstraints=critical,CA:TRUE']
    run('req', '-x509', ...this.#key('ca'), '-days', '2', '-out', this.path('ca.pem'), ...name)
  }

  path(file: string): string {
    return join(this.folder, file)
  }

  /** PEM text of a file: `ca.pem`; `FILE.pem` and `FILE.key` of what was issued. */
  read(file: string): string {
    return readFileSync(this.path(file), 'utf8')
  }

  /** @param names as in `subjectAltName`: `DNS:dns.example.org,IP:127.0.0.1` */
  issue(file: string, names: string): Certificate {
    run('req', ...this.#key(file), '-subj', '/CN=test', '-out', this.path(`${file}.csr`))
    writeFileSync(this.path(`${file}.ext`), `subjectAltName=${names}\n`)
    const signing = ['-CA', this.path('ca.pem'), '-CAkey', this.path('ca.key'), '-CAcreateserial', '-days', '2']
    run(
      'x509',
      '-req',
      '-in',
      this.path(`${file}.csr`),
      ...signing,
      '-extfile',
      this.path(`${file}.ext`),
      '-out',
      this.path(`${file}.pem`),
    )
    return { cert: this.read(`${file}.pem`), key: this.read(`${file}.key`) }
  }

  #key(file: string): string[] {
    return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', this.path(`${file}.key`)]
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
