/** The real program, started from a Corefile in a folder of its own and stopped when the test ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { askTcp, askUdp, sendUdp, type Target, TcpClient } from './client.ts'
import { type Answer, type QueryOptions, queryMessage, readAnswer } from './message.ts'

/** How the servers of a test run read datagrams, for the tests that are to be run with each transport: `TEST_UDP=dgram node --test …`. */
const UDP = process.env.TEST_UDP ? ['-udp', process.env.TEST_UDP] : []

const MAIN = fileURLToPath(new URL('../../src/start.js', import.meta.url))

export interface StartOptions {
  /** More command line arguments, behind `-conf FILE`. */
  args?: readonly string[]
  env?: Readonly<Record<string, string>>
  /** Files to write beside the Corefile before the start, by relative path. */
  files?: Readonly<Record<string, string | Uint8Array>>
  /** What standard input brings; nothing by default. */
  input?: string
  /** The working directory; the folder of the Corefile by default. */
  cwd?: string
}

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** How to ask one query: what it says, and where it goes (the server's first port on 127.0.0.1 by default). */
export type AskOptions = QueryOptions & Partial<Target>

/** A process of the server; it may not listen yet, or no more. */
export class ServerProcess implements AsyncDisposable {
  /** The folder of the Corefile. */
  readonly folder: string
  readonly child: ChildProcess
  /** Every line so far. */
  readonly stdout: string[] = []
  readonly stderr: string[] = []
  readonly exited: Promise<Exit>
  #changed = Promise.withResolvers<void>()
  /** It has ended, and all that it said has been read. */
  #closed = false

  constructor(folder: string, args: readonly string[], { env, input, cwd = folder }: StartOptions) {
    this.folder = folder
    this.child = spawn(process.execPath, [MAIN, ...UDP, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      // Longer than any test: whoever waits for it in vain goes on, and comes to the end.
      timeout: 180_000,
      killSignal: 'SIGKILL',
    })
    this.child.stdin?.end(input)
    const exited = Promise.withResolvers<Exit>()
    this.exited = exited.promise
    this.#collect(this.child.stdout!, this.stdout)
    this.#collect(this.child.stderr!, this.stderr)
    // Where it cannot be run, that is what is heard of it.
    this.child.on('error', error => {
      this.stderr.push(error.message)
      this.#wake()
    })
    this.child.on('close', (code, signal) => {
      this.#closed = true
      exited.resolve({ code, signal })
      this.#wake()
    })
  }

  #collect(stream: Readable, lines: string[]): void {
    createInterface(stream).on('line', line => {
      lines.push(line)
      this.#wake()
    })
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  /** The ports that the server printed, one for each zone, in its order. */
  get ports(): number[] {
    return this.stdout.flatMap(line => Number(/^\S+:(\d+)(?: on \S+)?$/.exec(line)?.[1]) || [])
  }

  get port(): number {
    const [port] = this.ports
    if (port === undefined) throw new Error('the server has not printed a port')
    return port
  }

  /** The first line of stdout or stderr, from line `from` of each on, that matches. @throws when the process ends, or the time is over, before there is one */
  async waitForLine(pattern: RegExp, { timeout = 30_000, from = 0 } = {}): Promise<string> {
    const late = AbortSignal.timeout(timeout)
    late.onabort = () => this.#wake()
    for (;;) {
      const line = [...this.stdout.slice(from), ...this.stderr.slice(from)].find(candidate => pattern.test(candidate))
      if (line !== undefined) return line
      if (late.aborted) throw new Error(`no line ${pattern} within ${timeout} ms\n${this.output}`)
      if (this.#closed) throw new Error(`the server ended without a line ${pattern}\n${this.output}`)
      await this.#changed.promise
    }
  }

  get output(): string {
    return [...this.stdout, ...this.stderr].join('\n')
  }

  /** Asks over UDP. */
  async query(name: string, type: string | number = 'A', options: AskOptions = {}): Promise<Answer> {
    return readAnswer(await askUdp(queryMessage(name, type, options), { port: this.port, ...options }))
  }

  async queryTcp(name: string, type: string | number = 'A', options: AskOptions = {}): Promise<Answer> {
    return readAnswer(await askTcp(queryMessage(name, type, options), { port: this.port, ...options }))
  }

  /** Sends one datagram as it is; undefined when no reply comes in time (500 ms by default). */
  send(datagram: Uint8Array, target: Partial<Target> = {}): Promise<Buffer | undefined> {
    return sendUdp(datagram, { port: this.port, timeout: 500, ...target })
  }

  connect(target: Partial<Target> = {}): TcpClient {
    return new TcpClient({ port: this.port, ...target })
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name)
  }

  /** A file of the server's folder. */
  path(file: string): string {
    return join(this.folder, file)
  }

  /** Ends the process, in whatever state it is, and removes its folder. */
  async stop(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.exited
    await rm(this.folder, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

/** Starts the server and waits until it listens. @throws with what it printed, when it ends instead */
export async function startServer(corefile: string, options: StartOptions = {}): Promise<ServerProcess> {
  const server = await runServer(corefile, options)
  try {
    await server.waitForLine(/^\w+\/\w+, node v/)
    return server
  } catch (error) {
    await server.stop()
    throw error
  }
}

/** Starts the program without waiting for anything: for command lines that end by themselves. */
export async function runServer(corefile: string, options: StartOptions = {}): Promise<ServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'istio-coredns-'))
  for (const [file, content] of Object.entries({ Corefile: corefile, ...options.files })) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), content)
  }
  return new ServerProcess(folder, ['-conf', join(folder, 'Corefile'), ...(options.args ?? [])], options)
}
