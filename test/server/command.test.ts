/** The command `istio-coredns` of the checkout, and `npm start`, which runs it. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

test('a Node that is too old, or none, is one line that says what to do', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'istio-coredns-'))
  try {
    const command = join(folder, 'istio-coredns')
    await copyFile(join(ROOT, 'istio-coredns'), command)
    await mkdir(join(folder, 'bin'))
    const node = join(folder, 'bin', 'node')
    for (const [version, code] of [
      ['v20.20.2', 1],
      ['v25.9.0', 1],
      ['v26.0.0', 0],
      ['v27.1.0', 0],
      ['v100.0.0', 0],
    ] as const) {
      await writeFile(node, `#!/bin/sh\necho ${version}\n`)
      await chmod(node, 0o755)
      const env = { PATH: `${folder}/bin:/usr/bin:/bin` }
      const ended = run(command, ['-version'], { env }).then(
        () => ({ code: 0, stderr: '' }),
        error => error,
      )
      const { code: ends, stderr } = await ended
      const expected =
        code === 0 ? '' : `istio-coredns needs Node 26 or later, and this is ${version}: 'npm ci' in ${folder} brings it\n`
      assert.deepEqual([ends, stderr], [code, expected])
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('SIGTERM to npm start reaches the server', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'istio-coredns-'))
  try {
    const corefile = join(folder, 'Corefile')
    await writeFile(corefile, '.:0 {\n  whoami\n}\n')
    const npm = spawn('npm', ['start', '--', '-conf', corefile], { cwd: ROOT, stdio: ['ignore', 'pipe', 'ignore'] })
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
