/** The command `istio-coredns` of the checkout, and `npm start`, which runs it. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

test('a Node that is too old is one line that says what to do', async () => {
  const older = `Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } })`
  const started = run(process.execPath, ['--import', `data:text/javascript,${older}`, join(ROOT, 'src/start.js'), '-version'])
  const { code, stdout, stderr } = await started.catch(error => error)
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /^istio-coredns needs Node 26 or later, and this is 20\.20\.2: .*\n$/)
})

test('the command takes the Node beside it, from wherever it is called', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'istio-coredns-'))
  try {
    await symlink(join(ROOT, 'istio-coredns'), join(folder, 'command'))
    const { stdout } = await run(join(folder, 'command'), ['-version'], { cwd: folder, env: { PATH: '/usr/bin:/bin' } })
    assert.match(stdout, /^istio-coredns-\d.*\n\S+, node v26\./)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('SIGTERM to npm start reaches the server', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'istio-coredns-'))
  try {
    const corefile = join(folder, 'Corefile')
    await writeFile(corefile, '.:0 {\n  whoami\n}\n')
    const npm = spawn('npm', ['start', '--', '-conf', corefile], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 60_000,
    })
    const lines: string[] = []
    for await (const line of createInterface(npm.stdout!)) {
      lines.push(line)
      if (/^\w+\/\w+, node v/.test(line)) npm.kill('SIGTERM')
    }
    if (npm.exitCode === null && npm.signalCode === null) await once(npm, 'exit')
    assert.equal(lines.at(-1), '[INFO] SIGTERM: Shutting down servers then terminating')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
