/** Flags, start, signals. The only file that sees every part, and the only one that may end the process. */
import { existsSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { arch, platform } from 'node:os'
import { plugins } from '#plugins/index.ts'
import program from '../package.json' with { type: 'json' }
import { leanCompilers } from './compilers.ts'
import { parseCorefile } from './corefile/tree.ts'
import { relayFeeds } from './feeds/relay.ts'
import { readFlags, USAGE } from './flags.ts'
import { createLogger, linePrinter } from './log.ts'
import { DnsServer } from './server/process.ts'
import { giveBackMemory } from './spare-memory.ts'

const { version } = program

/** What runs where no Corefile is, or one without server blocks. */
const DEFAULT_COREFILE = '. {\nwhoami\nlog\n}\n'

const BUILD = [`istio-coredns-${version}`, `${platform()}/${arch()}, node ${process.version}`]

function print(lines: readonly string[]): void {
  try {
    writeSync(1, lines.map(line => `${line}\n`).join(''))
  } catch (error) {
    // The reader has closed the pipe: it has seen enough.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
}

function fail(error: unknown): never {
  writeSync(2, `${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

function flagsOrUsage() {
  try {
    return readFlags(process.argv.slice(2))
  } catch (error) {
    return fail(`${(error as Error).message}\n${USAGE}`.trimEnd())
  }
}

const flags = flagsOrUsage()
if (flags.version) {
  print(BUILD)
  process.exit(0)
}
if (flags.plugins) {
  print(plugins.map(plugin => plugin.name).sort())
  process.exit(0)
}

// Standard input can be read once only; a reload finds the same text again.
const piped = flags.conf === 'stdin' ? readFileSync(0, 'utf8') : undefined

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`${file} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

function readCorefile() {
  const file = flags.conf ?? (existsSync('Corefile') ? 'Corefile' : undefined)
  const given = file === undefined ? undefined : parseCorefile(piped ?? readText(file), file)
  if (given && given.blocks.length > 0) return given
  const fault = file === undefined ? 'there is no Corefile any more' : `${file} has no server blocks`
  // A file that is empty for a moment is no reason to stop serving what it said before.
  if (server.configuration !== '') throw new Error(fault)
  if (file !== undefined) log.warn(`${fault}: whoami and log answer at port ${port}`)
  return parseCorefile(DEFAULT_COREFILE, 'default')
}

const log = createLogger(flags.format)
const { port, format: logFormat, udp } = flags
const printLines = linePrinter(log)
const thread = { module: new URL('./thread.ts', import.meta.url), relay: relayFeeds, print: printLines }
const server = new DnsServer({ version, plugins, port, log, logFormat, udp, thread, readCorefile })

async function shutdown(code: number): Promise<never> {
  try {
    await server.shutdown()
  } catch (error) {
    log.error(`shutdown: ${(error as Error).message}`)
    process.exit(3)
  }
  process.exit(code)
}

let interrupts = 0
process.on('SIGINT', () => {
  if (++interrupts > 1) process.exit(2)
  log.info('SIGINT: Shutting down')
  void shutdown(0)
})
let isTerminating = false
process.on('SIGTERM', () => {
  if (isTerminating) return
  isTerminating = true
  log.info('SIGTERM: Shutting down servers then terminating')
  void shutdown(0)
})
process.on('SIGQUIT', () => process.exit(0))
process.on('SIGHUP', () => {})
process.on('SIGUSR1', () => {
  log.info('SIGUSR1: Reloading')
  log.info('Reloading')
  server.reload().then(
    () => log.info('Reloading complete'),
    error => log.error(`SIGUSR1: ${(error as Error).message}`),
  )
})
process.on('SIGUSR2', () =>
  log.warn('SIGUSR2: upgrading in place is not supported; start a new process, then end this one with SIGTERM'),
)

process.on('unhandledRejection', error =>
  log.error(`unhandled rejection: ${error instanceof Error ? error.stack : String(error)}`),
)
process.on('uncaughtException', error => {
  log.fatal(`uncaught exception: ${error.stack}`)
  // The state is unknown now: answer what is owed, then let a fresh process take over.
  void shutdown(1)
})

try {
  if (flags.validate) {
    await server.validate()
    process.exit(0)
  }
  await server.start()
} catch (error) {
  fail(error)
}
if (!flags.quiet) banner()
// The code for the next start is kept before the flags change that it was compiled with.
flushCompileCache()
leanCompilers()
if (flags.udp !== 'dgram') giveBackMemory()
if (flags.pidfile !== undefined) writePidfile(flags.pidfile)

/** Behind what was logged until now. */
function banner(): void {
  const { zones } = server
  const lines = [
    ...zones.map(({ zone, address, port }) => `${zone}:${port}${address ? ` on ${address}` : ''}`),
    ...zones.map(({ zone, port, chain }) => `${zone}:${port}: ${chain.join(' → ')}`),
    ...BUILD,
  ]
  for (const line of lines) printLines(`${line}\n`)
}

function writePidfile(file: string): void {
  try {
    writeFileSync(file, `${process.pid}\n`)
    process.on('exit', () => rmSync(file, { force: true }))
  } catch (error) {
    log.error(`Could not write pidfile: ${(error as Error).message}`)
  }
}
