/**
 * Fills the compile cache: starts the server a few times, on free ports, and ends it. Later starts find the code stripped of types and compiled, and need
 * less time and memory. npm runs this at the end of `npm ci`. If it fails, only that gain is lost.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
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

/** The plugins that watch a cluster, each alone, since the flags of V8 change as soon as one has begun. No cluster is found, which takes 100 ms. */
const WATCHING = ['mesh cluster.local {\nsource kubernetes', 'kubernetes cluster.local {'].map(
  directive => `.:0 {\nbind 127.0.0.1\n${directive}\nstartup_timeout 100ms\n}\n}\n`,
)

const start = (args: readonly string[], corefile: string) => {
  const server = spawn(process.execPath, [join(root, 'src', 'start.js'), ...args, '-conf', 'stdin'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: 20_000,
    // No cluster is asked for anything, in whose pod this may run.
    env: { ...process.env, KUBERNETES_SERVICE_HOST: '' },
  })
  server.on('error', () => {})
  server.stdin.on('error', () => {}).end(corefile)
  return server
}

for (const corefile of [COREFILE, ...WATCHING]) {
  const server = start([], corefile)
  // The banner, which comes when it serves, ends with the version of Node.
  server.stdout.on('data', text => `${text}`.includes(process.version) && server.kill('SIGINT'))
  await once(server, 'close').catch(() => {})
}
// The other plugins: most complain that their options are missing, but all are loaded. Last, so that what serving compiled is what is kept.
start(['-validate'], `.:0 {\n${plugins.map(({ name }) => name).join('\n')}\n}\n`).stdout.resume()
