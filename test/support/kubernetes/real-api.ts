/** A real API server: its process, and the objects in it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { isDeepStrictEqual } from 'node:util'
import { freePort } from '../ports.ts'
import { collectionPath, type KubeObject } from './objects.ts'

export interface RealOptions {
  /** The bearer token that is to be shown. */
  readonly token?: string
  /** More command line arguments. */
  readonly args?: readonly string[]
}

export class RealApi implements AsyncDisposable {
  readonly port: number
  readonly securePort: number
  readonly #program: string
  readonly #folder: AsyncDisposable & { readonly path: string }
  readonly #options: RealOptions
  #process: ChildProcess | undefined
  #token: string | undefined

  static async start(program: string, options: RealOptions = {}): Promise<RealApi> {
    const folder = await mkdtempDisposable(join(tmpdir(), 'kube-'))
    const api = new RealApi(program, folder, await freePort(), await freePort(), options)
    if (options.token !== undefined) await api.setToken(options.token)
    await api.restart()
    return api
  }

  private constructor(
    program: string,
    folder: AsyncDisposable & { readonly path: string },
    port: number,
    securePort: number,
    options: RealOptions,
  ) {
    this.#program = program
    this.#folder = folder
    this.port = port
    this.securePort = securePort
    this.#options = options
  }

  /** The certificate to trust over TLS, in PEM. */
  async certificate(): Promise<string> {
    const folder = join(this.#folder.path, 'tls')
    const name = (await readdir(folder)).find(file => file.endsWith('.crt'))
    return readFile(join(folder, name!), 'utf8')
  }

  /** The token that is to be shown from now on. */
  async setToken(token: string): Promise<void> {
    this.#token = token
    await writeFile(join(this.#folder.path, 'token'), token)
  }

  async put(...objects: readonly KubeObject[]): Promise<void> {
    for (const object of objects) {
      const path = collectionPath(object)
      const held = `${path}/${object.metadata!.name}`
      const created = await this.#send('POST', path, object)
      const stored = created.status === 409 ? await this.#replace(held, object) : created.object
      // Of some kinds the status is a resource of its own.
      if (object.status !== undefined && !isDeepStrictEqual((stored as KubeObject).status, object.status))
        await this.#replace(held, object, '/status')
    }
  }

  async #replace(path: string, object: KubeObject, part = ''): Promise<unknown> {
    const { metadata } = (await this.#send('GET', path)).object as KubeObject
    const { resourceVersion } = metadata!
    const replaced = { ...object, metadata: { ...object.metadata!, resourceVersion: resourceVersion! } }
    return (await this.#send('PUT', path + part, replaced)).object
  }

  async delete(...objects: readonly KubeObject[]): Promise<void> {
    for (const object of objects) await this.#send('DELETE', `${collectionPath(object)}/${object.metadata!.name}`)
  }

  /** Forgets how objects came to be what they are. */
  async compact(): Promise<void> {
    await this.#send('POST', '/debug/compact')
  }

  /** @throws {Error} it does not do so; that the object is there already is no reason */
  async #send(method: string, path: string, object?: KubeObject): Promise<{ status: number; object: unknown }> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
      },
      ...(object && { body: JSON.stringify(object) }),
    })
    const text = await response.text()
    if (!response.ok && response.status !== 409) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return { status: response.status, object: text.startsWith('{') ? JSON.parse(text) : undefined }
  }

  /** Ends as if the power had gone. */
  async stop(): Promise<void> {
    if (!this.#process || this.#process.exitCode !== null || this.#process.signalCode !== null) return
    this.#process.kill('SIGKILL')
    await once(this.#process, 'exit')
  }

  /** Serves again, on the same ports, what it held. */
  async restart(): Promise<void> {
    await this.stop()
    const { path } = this.#folder
    const args = [
      ...['--listen', `127.0.0.1:${this.port}`, '--tls-listen', `127.0.0.1:${this.securePort}`],
      ...['--etcd-dir', join(path, 'etcd'), '--tls-dir', join(path, 'tls'), '--compact-every', '0'],
      ...(this.#token === undefined ? [] : ['--token', join(path, 'token')]),
      ...(this.#options.args ?? []),
    ]
    const child = spawn(this.#program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process = child
    const stderr: string[] = []
    child.stderr.on('data', text => stderr.push(`${text}`))
    for await (const line of createInterface(child.stdout)) if (line === 'ready') return
    throw new Error(`kube-api did not start: ${stderr.join('')}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.#folder[Symbol.asyncDispose]()
  }
}
