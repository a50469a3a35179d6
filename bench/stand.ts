/** The test stand: finds programs, starts them on their cores, and lets go of everything at the end, whatever the end is. */
import { execFileSync } from 'node:child_process'
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { delimiter, dirname, isAbsolute, join } from 'node:path'
import { freePort } from '#test/support/ports.ts'
import type { Peer, Role } from './peers/peer.ts'
import { Process } from './process.ts'

/** The server under test has a core for itself; the load, upstreams and the bench share another. One of several threads has both, and shares them. */
export type Core = 'server' | 'load' | 'both'

/** What `taskset` calls those that the bench is not bound to itself. */
const CORES: Readonly<Partial<Record<Core, string>>> = { server: '0', both: '0,1' }

export interface StartedServer {
  peer: Peer
  folder: string
  port: number
  metricsPort: number
  process: Process
}

interface SpawnOptions {
  core: Core
  cwd?: string
  env?: Readonly<Record<string, string>>
}

export class Stand implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'istio-coredns-bench-'))
  readonly #processes = new Set<Process>()
  readonly #profile: string | undefined
  #files = 0

  /** @param profile the folder for CPU profiles of servers that can write one */
  constructor(profile?: string) {
    this.#profile = profile
  }

  /** The path of a program that {@link findProgram} finds. */
  tool(name: string): string {
    const path = findProgram(name)
    if (!path) throw new Error(`${name} is not on PATH`)
    return path
  }

  spawn(program: string, args: readonly string[], { core, ...options }: SpawnOptions): Process {
    const log = join(this.folder, `${++this.#files}.log`)
    const cores = pinned ? CORES[core] : undefined
    const command = cores ? ['taskset', '-c', cores, program] : [program]
    const process = new Process(command[0]!, [...command.slice(1), ...args], { log, ...options })
    this.#processes.add(process)
    void process.ended.then(() => this.#processes.delete(process))
    return process
  }

  /** Starts a server; it may not answer yet. */
  async start(peer: Peer, role: Role, core: Core = 'server'): Promise<StartedServer> {
    const folder = join(this.folder, `${peer.name}-${++this.#files}`)
    const [port, metricsPort] = [await freePort(), await freePort()]
    const { args, files, cwd = folder, env = {} } = peer.launch(role, { folder, port, metricsPort, profile: this.#profile })
    mkdirSync(folder)
    for (const [file, text] of Object.entries(files)) this.#write(join(folder, file), text)
    return { peer, folder, port, metricsPort, process: this.spawn(this.tool(peer.program), args, { core, cwd, env }) }
  }

  /** Has a process share the core of the load, whatever cores it has chosen for its threads. */
  holdOnLoadCore(process: Process): void {
    if (pinned) bindToLoadCore(process)
  }

  /** Writes a file of the stand's folder and gives its path. */
  write(name: string, text: string): string {
    const file = join(this.folder, name)
    this.#write(file, text)
    return file
  }

  #write(file: string, text: string): void {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  /** Ends every process, then removes the folder. */
  async stop(): Promise<void> {
    await Promise.all([...this.#processes].map(process => process.stop()))
    this[Symbol.dispose]()
  }

  /** The same at once, without waiting. */
  [Symbol.dispose](): void {
    for (const process of this.#processes) process.kill()
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** Where servers are often installed without being on a user's PATH. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin']

export function findProgram(name: string): string | undefined {
  if (isAbsolute(name)) return name
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS]
  return folders.map(folder => join(folder, name)).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Whether servers and load have a core each; see {@link takeLoadCore}. */
let pinned = false

/** Binds the bench, and with it what it starts, to core 1. @returns why that is impossible, if it is */
export function takeLoadCore(): string | undefined {
  if (availableParallelism() < 2) return 'there is one core only: servers and load share it'
  if (!findProgram('taskset')) return 'taskset is not on PATH: servers and load are not bound to a core each'
  try {
    execFileSync('taskset', ['-c', '0', 'true'])
    bindToLoadCore(process)
  } catch (error) {
    return `servers and load are not bound to a core each: ${(error as Error).message}`
  }
  pinned = true
  return undefined
}

/** Binds all threads of a process to the core of the load. */
function bindToLoadCore({ pid }: { pid: number }): void {
  execFileSync('taskset', ['-a', '-c', '-p', '1', String(pid)])
}
