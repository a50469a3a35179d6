/** A process that the bench started, and what /proc tells about it (proc(5)). */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'

/** USER_HZ, the unit of times in /proc/PID/stat; 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100

/** How long a process may take to end when asked to, in milliseconds. */
const GRACE = 5000

interface ProcessOptions {
  /** The file that takes stdout and stderr. */
  log: string
  cwd?: string
  env?: Readonly<Record<string, string>>
}

export class Process {
  readonly log: string
  /** On the clock of `performance.now()`. */
  readonly startedAt = performance.now()
  readonly #child: ChildProcess
  readonly ended: Promise<void>

  constructor(program: string, args: readonly string[], { log, cwd, env }: ProcessOptions) {
    this.log = log
    const output = openSync(log, 'w')
    this.#child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', output, output] })
    closeSync(output)
    this.ended = new Promise(resolve => {
      this.#child.once('error', () => resolve())
      this.#child.once('exit', () => resolve())
    })
  }

  get running(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** The end of what it printed. */
  get lastLines(): string {
    return readFileSync(this.log, 'utf8').trimEnd().split('\n').slice(-5).join('\n')
  }

  /** Processor time used so far, in all threads and children, in seconds. */
  cpuSeconds(): number {
    return sum(family(this.pid).map(pid => cpuTicks(readFileSync(`/proc/${pid}/stat`, 'latin1')))) / TICKS_PER_SECOND
  }

  /** Physical memory held now, by it and its children. */
  residentMegabytes(): number {
    return sum(family(this.pid).map(pid => residentMegabytes(readFileSync(`/proc/${pid}/status`, 'latin1'))))
  }

  /** The most physical memory that it has held, without its children. */
  peakMegabytes(): number {
    return megabytes('VmHWM', readFileSync(`/proc/${this.pid}/status`, 'latin1'))
  }

  /** Ends it with a signal, and with SIGKILL where that is not enough. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.running) return
    this.#child.kill(signal)
    const late = setTimeout(() => this.kill(), GRACE)
    await this.ended
    clearTimeout(late)
  }

  /** Ends it without its consent, at once. */
  kill(): void {
    if (this.running) this.#child.kill('SIGKILL')
  }

  get pid(): number {
    if (!this.running) throw new Error(`${this.#child.spawnargs.join(' ')} has ended\n${this.lastLines}`)
    return this.#child.pid!
  }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

/** A process and its descendants. */
function family(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap(thread =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  )
  return [pid, ...children.flatMap(family)]
}

/** utime, stime and those of children that have ended, from /proc/PID/stat. The program's name in it may hold blanks and parentheses. */
export function cpuTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return sum(fields.slice(11, 15).map(Number))
}

/** VmRSS, from /proc/PID/status. */
export const residentMegabytes = (status: string): number => megabytes('VmRSS', status)

/** A size in /proc/PID/status, whose kB are 1,024 bytes. */
const megabytes = (name: string, status: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024
