/** etcd itself, where it is on the machine. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './ports.ts'
import { missing } from './programs.ts'
import { untilRight } from './waiting.ts'

/** See {@link missing}. */
export const noEtcd = (): string | undefined => missing('etcd', '--version')

const base64 = (text: string): string => Buffer.from(text).toString('base64')

interface EtcdOptions {
  /** Files of TLS, for a second port that wants certificates of clients. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string }
}

export class Etcd implements AsyncDisposable {
  /** `127.0.0.1:PORT`, in the clear. */
  readonly to: string
  /** The same over TLS. */
  readonly secureTo: string
  readonly #args: readonly string[]
  readonly #folder: string
  #process: ChildProcess | undefined
  #token: string | undefined

  static async start(options: EtcdOptions = {}): Promise<Etcd> {
    const [etcd] = await Etcd.cluster(1, options)
    return etcd!
  }

  /** Members that know each other. */
  static async cluster(count: number, { tls }: EtcdOptions = {}): Promise<Etcd[]> {
    const peers: string[] = []
    for (let i = 0; i < count; i++) peers.push(`http://127.0.0.1:${await freePort()}`)
    const members = await Promise.all(
      peers.map(async (peer, i) => {
        const [to, secureTo] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`]
        const urls = [`http://${to}`, ...(tls ? [`https://${secureTo}`] : [])].join()
        const folder = await mkdtemp(join(tmpdir(), 'etcd-'))
        const args = [
          ...['--name', `${i}`, '--data-dir', folder, '--listen-client-urls', urls, '--advertise-client-urls', urls],
          ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
          ...['--initial-cluster', peers.map((url, name) => `${name}=${url}`).join(), '--log-level', 'error'],
          ...(tls ? ['--cert-file', tls.cert, '--key-file', tls.key, '--trusted-ca-file', tls.ca, '--client-cert-auth'] : []),
        ]
        return new Etcd(to, secureTo, folder, args)
      }),
    )
    for (const member of members) member.#run()
    for (const member of members) await member.#serving()
    return members
  }

  private constructor(to: string, secureTo: string, folder: string, args: readonly string[]) {
    this.to = to
    this.secureTo = secureTo
    this.#folder = folder
    this.#args = args
  }

  #run(): void {
    this.#process = spawn('etcd', this.#args, { stdio: 'ignore' })
  }

  #serving(): Promise<void> {
    return untilRight(async () => void (await this.call('maintenance/status', {})))
  }

  /** A call over HTTP, with JSON (etcd.io/docs, "gRPC gateway"). */
  async call(path: string, body: object): Promise<Record<string, unknown>> {
    const response = await fetch(`http://${this.to}/v3/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      ...(this.#token !== undefined && { headers: { authorization: this.#token } }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
    return JSON.parse(text)
  }

  /** @param values by key @param lease number */
  async put(values: Readonly<Record<string, unknown>>, lease = '0'): Promise<void> {
    for (const [key, value] of Object.entries(values))
      await this.call('kv/put', {
        key: base64(key),
        value: base64(typeof value === 'string' ? value : JSON.stringify(value)),
        lease,
      })
  }

  /** @returns the number of a new lease */
  async grant(seconds: number): Promise<string> {
    return `${(await this.call('lease/grant', { TTL: seconds })).ID}`
  }

  /** From now on only `dns`, whose password is `secret`, may read, what begins with `prefix`. */
  async authenticate(prefix: string): Promise<void> {
    const end = prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)
    for (const [name, role] of [
      ['root', 'root'],
      ['dns', 'reader'],
    ] as const) {
      await this.call('auth/user/add', { name, password: 'secret' })
      await this.call('auth/role/add', { name: role })
      await this.call('auth/user/grant', { user: name, role })
    }
    const perm = { permType: 'READ', key: base64(prefix), range_end: base64(end) }
    await this.call('auth/role/grant', { name: 'reader', perm })
    await this.call('auth/enable', {})
    this.#token = `${(await this.call('auth/authenticate', { name: 'root', password: 'secret' })).token}`
  }

  /** Whether it leads its cluster. */
  async leads(): Promise<boolean> {
    const { header, leader } = await this.call('maintenance/status', {})
    return (header as { member_id: string }).member_id === leader
  }

  /** Stops it for a while; with SIGCONT it goes on. */
  signal(name: NodeJS.Signals): void {
    this.#process?.kill(name)
  }

  /** Ends as if the power had gone. */
  async stop(): Promise<void> {
    if (!this.#process || this.#process.exitCode !== null || this.#process.signalCode !== null) return
    this.#process.kill('SIGKILL')
    await once(this.#process, 'exit')
  }

  /** Serves again what it held. */
  async restart(): Promise<void> {
    await this.stop()
    this.#run()
    await this.#serving()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
