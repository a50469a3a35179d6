/** The question that all this is for: what does an application in a pod get, that calls getaddrinfo with five dots and three search domains? */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Lookup } from './lookup.ts'
import { noNamespaces, runBeside } from './namespace.ts'

const LOOKUP = fileURLToPath(new URL('lookup.ts', import.meta.url))
const EXAMPLE = readFileSync(fileURLToPath(new URL('../../Corefile.example', import.meta.url)), 'utf8')

const BACKEND = ['10.244.1.11', '10.244.2.12']
const CART = ['10.244.1.41', 'fd00:10:244:1::41']

/** The names of the example mesh as applications write them, and every address of theirs. */
const names: readonly (readonly [name: string, addresses: readonly string[]])[] = [
  ['backend', BACKEND],
  ['backend.default', BACKEND],
  ['backend.default.svc', BACKEND],
  ['backend.default.svc.cluster.local', BACKEND],
  ['backend.default.svc.cluster.local.', BACKEND],
  ['BackEnd', BACKEND],
  ['cart.shop', CART],
  ['cart.shop.svc.cluster.local', CART],
  ['db', ['10.244.1.31', '10.244.2.32']],
  ['db-0.db', ['10.244.1.31']],
  ['payments.example.com', ['192.0.2.10', '192.0.2.11', '2001:db8::10']],
  ['any.apps.example.com', ['203.0.113.20']],
  ['www.example.net', ['192.0.2.80', '2001:db8::80']],
  ['nowhere', []],
  ['nowhere.default.svc.cluster.local', []],
]

suite('getaddrinfo', { skip: noNamespaces }, () => {
  let lookups: Lookup[] = []

  before(async () => {
    // The example as it stands, on the port that resolv.conf means.
    const corefile = EXAMPLE.replace('.:1053', '.:53')
    const upstream = ['192.0.2.80 www.example.net', '2001:db8::80 www.example.net']
    const { stdout } = await runBeside(corefile, upstream, [process.execPath, LOOKUP, ...names.map(([name]) => name)])
    lookups = JSON.parse(stdout)
  })

  for (const [name, addresses] of names) {
    test(addresses.length > 0 ? `${name} is ${addresses.join(' and ')}` : `${name} is not found`, () => {
      const results = lookups.filter(lookup => lookup.name === name)
      assert.ok(results.some(({ way }) => way === 'node') && results.some(({ way }) => way === 'getent'))
      for (const { way, addresses: found, milliseconds } of results) {
        // gethostbyname knows IPv4 only.
        const expected = addresses.filter(address => way !== 'gethostbyname' || !address.includes(':'))
        assert.deepEqual(found, [...expected].sort(), way)
        // A reply that was lost or not taken would cost five seconds.
        assert.ok(milliseconds < 2500, `${way} took ${milliseconds} ms`)
      }
    })
  }
})
