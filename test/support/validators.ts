/** Programs that check signatures and proofs on their own, where they are on the machine. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { on, once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { askUdp } from './client.ts'
import { type Answer, queryMessage, readMessage } from './message.ts'
import { freePort } from './ports.ts'

/** A zone, and the data of the key that is trusted for it: `257 3 13 …`. */
export interface Anchor {
  readonly zone: string
  readonly dnskey: string
}

/** What BIND's `delv` says of a name: records of an answer, or of a denial, behind whether it was validated. */
export async function delv(port: number, { zone, dnskey }: Anchor, name: string, type: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'delv-'))
  const [flags, protocol, algorithm, key] = dnskey.split(' ')
  try {
    const anchors = join(folder, 'anchors')
    await writeFile(anchors, `trust-anchors { "${zone}" static-key ${flags} ${protocol} ${algorithm} "${key}"; };\n`)
    const words = ['@127.0.0.1', '-p', `${port}`, '-a', anchors, `+root=${zone}`, name, type]
    const { stdout, stderr } = await promisify(execFile)('delv', words, { timeout: 20_000 })
    return `${stdout}${stderr}`
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A resolver that validates what a server says of a zone. */
export class Unbound implements AsyncDisposable {
  readonly port: number
  readonly #folder: string
  readonly #child: ChildProcess

  /** @param server port of who is asked about the zone */
  static async start(server: number, { zone, dnskey }: Anchor): Promise<Unbound> {
    const folder = await mkdtemp(join(tmpdir(), 'unbound-'))
    const port = await freePort()
    const lines = ['directory: "."', 'username: ""', 'chroot: ""', 'pidfile: ""', 'use-syslog: no', 'do-daemonize: no', `interface: 127.0.0.1@${port}`, 'do-not-query-localhost: no', 'module-config: "validator iterator"', `trust-anchor: "${zone} DNSKEY ${dnskey}"`, 'aggressive-nsec: yes', 'num-threads: 1'] // biome-ignore format: one line
    const stub = `stub-zone:\n  name: "${zone}"\n  stub-addr: 127.0.0.1@${server}\n`
    const control = 'remote-control:\n  control-enable: no\n'
    await writeFile(join(folder, 'unbound.conf'), `server:\n${lines.map(line => `  ${line}\n`).join('')}${control}${stub}`)
    const child = spawn('unbound', ['-d', '-v', '-c', 'unbound.conf'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
    const started = new Unbound(port, folder, child)
    const said: string[] = []
    for await (const [line] of on(createInterface(child.stderr), 'line', { close: ['close'] })) {
      if (/start of service/.test(line)) return started
      said.push(line)
    }
    await started[Symbol.asyncDispose]()
    throw new Error(`unbound did not start: ${said.join('\n')}`)
  }

  private constructor(port: number, folder: string, child: ChildProcess) {
    this.port = port
    this.#folder = folder
    this.#child = child
  }

  /** With AD, it has been validated; what is wrong is SERVFAIL. */
  async query(name: string, type: string): Promise<Answer> {
    return readMessage(await askUdp(queryMessage(name, type, { edns: { dnssecOk: true, udpSize: 4096 } }), this))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL')
      await once(this.#child, 'exit')
    }
    await rm(this.#folder, { recursive: true, force: true })
  }
}
