/**
 * Starts the server once, on ports of its own, and ends it: the code that it compiles, types stripped, stays for later starts, which then need
 * less time and memory. npm runs this at the end of `npm ci`. Where it does not work, nothing is lost but that.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { plugins } from '#plugins/index.ts'

const root = join(import.meta.dirname, '..')

/** What most Corefiles name. */
const COREFILE = `.:0 {
    bind 127.0.0.1
    errors
    log . {
        class error
    }
    health 127.0.0.1:0
    ready 127.0.0.1:0
    prometheus 127.0.0.1:0
    loadbalance
    reload
    loop
    cache
    mesh cluster.local {
        source file ${join(root, 'examples', 'mesh')}
    }
    forward . 127.0.0.1:9
}
`

const start = (args: readonly string[], corefile: string) => {
  const server = spawn(process.execPath, [join(root, 'src', 'start.js'), ...args, '-conf', 'stdin'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: 20_000,
  })
  server.on('error', () => {})
  server.stdin.on('error', () => {}).end(corefile)
  return server
}

const server = start([], COREFILE)
// The banner comes when it serves.
server.stdout.once('data', () => server.kill('SIGINT'))
// The other plugins: that most want more than their name is told when all are loaded. Later, so that what serving compiled is what is kept.
server.once('exit', () => start(['-validate'], `.:0 {\n${plugins.map(({ name }) => name).join('\n')}\n}\n`).stdout.resume())
