/** CoreDNS itself, where it is on the machine, to compare answers with. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { askUdp } from './client.ts'
import { type Answer, type QueryOptions, queryMessage, readMessage } from './message.ts'
import { freePort } from './ports.ts'
import { missing } from './programs.ts'

/** See {@link missing}. */
export const noCoreDns = (): string | undefined => missing('coredns', '-version')

export class CoreDns implements AsyncDisposable {
  readonly port: number
  readonly #child: ChildProcess
  readonly #folder: string

  /** Starts it and waits until it listens. @param corefile whose labels name no port @throws with what it printed, when it ends instead */
  static async start(corefile: string): Promise<CoreDns> {
    const folder = await mkdtemp(join(tmpdir(), 'coredns-'))
    await writeFile(join(folder, 'Corefile'), corefile)
    const port = await freePort()
    const child = spawn('coredns', ['-conf', 'Corefile', '-dns.port', `${port}`], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const lines: string[] = []
    child.stderr.on('data', text => lines.push(`${text}`))
    const started = new CoreDns(port, child, folder)
    for await (const line of createInterface(child.stdout)) {
      lines.push(line)
      if (line.startsWith('CoreDNS-')) return started
    }
    await started[Symbol.asyncDispose]()
    throw new Error(`coredns did not start: ${lines.join('\n')}`)
  }

  private constructor(port: number, child: ChildProcess, folder: string) {
    this.port = port
    this.#child = child
    this.#folder = folder
  }

  async query(name: string, type: string | number = 'A', options: QueryOptions = {}): Promise<Answer> {
    return readMessage(await askUdp(queryMessage(name, type, { edns: { udpSize: 4096 }, ...options }), { port: this.port }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL')
      await once(this.#child, 'exit')
    }
    await rm(this.#folder, { recursive: true, force: true })
  }
}
