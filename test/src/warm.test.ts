import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The program in a folder of its own, as `npm ci --ignore-scripts` leaves it. */
function install(): string {
  const folder = mkdtempSync(join(tmpdir(), 'istio-coredns-warm-'))
  for (const part of ['src', 'plugins', 'examples', 'package.json'])
    cpSync(join(root, part), join(folder, part), { recursive: true })
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(join(root, 'node_modules')))
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
  return folder
}

test('after the warm-up a start compiles nothing, also not in threads', t => {
  const folder = install()
  t.after(() => rmSync(folder, { recursive: true }))
  const warm = () => {
    const { status, stderr } = spawnSync(process.execPath, [join(folder, 'src', 'warm.ts')], { encoding: 'utf8' })
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
    const cache = join(folder, 'node_modules', '.cache', 'istio-coredns')
    return readdirSync(cache, { recursive: true, encoding: 'utf8' }).map(file => {
      const { mtimeMs, size } = statSync(join(cache, file))
      return `${file} ${size} ${mtimeMs}`
    })
  }
  const first = warm()
  assert.ok(first.length > 200, `only ${first.length} files are kept`)
  assert.deepEqual(warm(), first)
})
