/** Knot DNS, where it is on the machine: another implementation to give zones to and to take them from. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { on, once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { askUdp } from './client.ts'
import { type Answer, queryMessage, readMessage } from './message.ts'
import { freePort } from './ports.ts'
import { missing } from './programs.ts'

/** See {@link missing}. */
export const noKnot = (): string | undefined => missing('knotd', '--version')

export class Knot implements AsyncDisposable {
  readonly port: number
  readonly folder: string
  /** What it has logged. */
  readonly lines: string[] = []
  readonly #child: ChildProcess

  /**
   * Starts it on a port of 127.0.0.1.
   * @param sections of its configuration behind `server`; relative files are in its folder
   */
  static async start(sections: string, files: Readonly<Record<string, string>> = {}, port?: number): Promise<Knot> {
    const folder = await mkdtemp(join(tmpdir(), 'knot-'))
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    const own = port ?? (await freePort())
    const server = `server:\n  rundir: ${folder}\n  listen: 127.0.0.1@${own}\nlog:\n  - target: stdout\n    any: info\ndatabase:\n  storage: ${folder}\n`
    await writeFile(join(folder, 'knot.conf'), `${server}template:\n  - id: default\n    storage: ${folder}\n${sections}`)
    const child = spawn('knotd', ['-c', join(folder, 'knot.conf')], { stdio: ['ignore', 'pipe', 'pipe'] })
    const started = new Knot(own, folder, child)
    const log = createInterface(child.stdout).on('line', line => started.lines.push(line))
    child.stderr.on('data', text => started.lines.push(`${text}`))
    for await (const [line] of on(log, 'line', { close: ['close'] })) if (line.includes('server started')) return started
    await started[Symbol.asyncDispose]()
    throw new Error(`knotd did not start: ${started.lines.join('\n')}`)
  }

  private constructor(port: number, folder: string, child: ChildProcess) {
    this.port = port
    this.folder = folder
    this.#child = child
  }

  /** Has it read a zone's file again. */
  reload(zone: string): void {
    execFileSync('knotc', ['-c', join(this.folder, 'knot.conf'), 'zone-reload', zone], { stdio: 'ignore' })
  }

  async query(name: string, type: string): Promise<Answer> {
    return readMessage(await askUdp(queryMessage(name, type), { port: this.port }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL')
      await once(this.#child, 'exit')
    }
    await rm(this.folder, { recursive: true, force: true })
  }
}
