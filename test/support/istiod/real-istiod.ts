/** A real istiod, where its program is on PATH. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { kubeconfigOf } from '../kubernetes/kubeconfig.ts'
import { freePort } from '../ports.ts'
import { missing } from '../programs.ts'

const PROGRAM = 'pilot-discovery'
/** Milliseconds for it to serve. */
const PATIENCE = 60_000

/** See {@link missing}. */
export const withoutIstiod = (): string | false => missing(PROGRAM, 'version') ?? false

export class RealIstiod implements AsyncDisposable {
  /** In plain text. */
  readonly address: string
  /** Over TLS. */
  readonly secureAddress: string
  readonly #folder: AsyncDisposable
  readonly #process: ChildProcess

  /** @param api the URL of an API server @param ambient whether it offers WDS */
  static async start(api: string, ambient: boolean): Promise<RealIstiod> {
    const folder = await mkdtempDisposable(join(tmpdir(), 'istiod-'))
    await writeFile(join(folder.path, 'kubeconfig'), kubeconfigOf(api))
    const ports = await Promise.all(Array.from({ length: 4 }, freePort))
    const [http, grpc, secure, monitoring] = ports.map(port => `127.0.0.1:${port}`) as [string, string, string, string]
    const args = [
      ...['discovery', '--kubeconfig', 'kubeconfig', '-n', 'istio-system', '--ctrlz_port', '0', '--httpsAddr', ''],
      ...['--httpAddr', http, '--grpcAddr', grpc, '--secureGRPCAddr', secure, '--monitoringAddr', monitoring],
    ]
    const env = {
      ...process.env,
      POD_NAME: 'istiod-0',
      POD_NAMESPACE: 'istio-system',
      PILOT_ENABLE_AMBIENT: String(ambient),
      INJECTION_WEBHOOK_CONFIG_NAME: '',
      VALIDATION_WEBHOOK_CONFIG_NAME: '',
    }
    const child = spawn(PROGRAM, args, { cwd: folder.path, env, stdio: 'ignore' })
    const istiod = new RealIstiod(grpc, secure, folder, child)
    await istiod.#serving(Number(grpc.split(':')[1]))
    return istiod
  }

  private constructor(address: string, secureAddress: string, folder: AsyncDisposable, child: ChildProcess) {
    this.address = address
    this.secureAddress = secureAddress
    this.#folder = folder
    this.#process = child
  }

  /** It listens when everything has been read. */
  async #serving(port: number): Promise<void> {
    for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(100)) {
      const socket = connect(port, '127.0.0.1')
      const listens = await Promise.race([
        once(socket, 'connect').then(() => true),
        once(socket, 'close').then(() => false),
      ]).catch(() => false)
      socket.destroy()
      if (listens) return
    }
    await this[Symbol.asyncDispose]()
    throw new Error(`${PROGRAM} does not serve within ${PATIENCE / 1000} s`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.kill('SIGKILL')) await once(this.#process, 'exit')
    await this.#folder[Symbol.asyncDispose]()
  }
}
