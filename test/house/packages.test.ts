import assert from 'node:assert/strict'
import { test } from 'node:test'
import { read } from './files.ts'

interface Lock {
  packages: Record<string, { hasInstallScript?: true; integrity?: string }>
}

const { packages } = JSON.parse(read('package-lock.json').text) as Lock
const { allowScripts } = JSON.parse(read('package.json').text) as { allowScripts: Record<string, boolean> }
const installed = Object.entries(packages).filter(([path]) => path !== '')

test('no package needs a script to be installed, and none runs one', () => {
  const withScript = installed
    .filter(([, { hasInstallScript }]) => hasInstallScript)
    .map(([path]) => path.replace('node_modules/', ''))
  assert.deepEqual(Object.fromEntries(withScript.map(name => [name, false])), allowScripts)
})

test('the lock file names the content of every package', () => {
  assert.deepEqual(
    installed.filter(([, { integrity }]) => !integrity).map(([path]) => path),
    [],
  )
})
