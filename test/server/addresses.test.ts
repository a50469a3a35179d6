/** A machine with several addresses, some of which came after the start. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { noNamespaces, runBeside } from './namespace.ts'

const ASK = fileURLToPath(new URL('ask-from.ts', import.meta.url))
/** From one address to another, none of them the one that the kernel would choose for the reply. */
const PAIRS = [
  '127.0.0.1,127.0.0.2',
  '127.0.0.1,169.254.20.10',
  'fd00::1,fd00::2',
  'fd00::2,::1',
  'fe80::1%upstream,fe80::2%upstream',
]

test('clients hear from the address that they asked', { skip: noNamespaces }, async () => {
  const added = [
    '169.254.20.10/32 dev lo',
    'fd00::1/128 dev lo',
    'fd00::2/128 dev lo',
    'fe80::1/64 dev upstream',
    'fe80::2/64 dev upstream',
  ]
  const adding = added.map(address => `ip addr add ${address} ${address.includes(':') ? 'nodad' : ''}`)
  const { stdout } = await runBeside(
    '.:53 {\n  whoami\n}\n',
    [],
    ['sh', '-c', `set -e; ${adding.join('; ')}; exec "$NODE" ${[ASK, ...PAIRS].join(' ')}`],
  )
  const lengths = stdout
    .trimEnd()
    .split('\n')
    .map(line => line.split(' '))
  assert.deepEqual(
    lengths.map(([pair, length]) => [pair, Number(length) > 0]),
    PAIRS.map(pair => [pair, true]),
  )
})
