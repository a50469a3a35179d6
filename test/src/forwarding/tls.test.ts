import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createServer } from 'node:tls'
import { dialer, secureContext } from '#src/forwarding/tls.ts'
import { Authority, hasOpenssl } from '#test/support/certificates.ts'

test('a session is resumed until the certificate expires', {
  skip: !hasOpenssl() && 'openssl is not on this machine',
}, async t => {
  using authority = new Authority()
  const server = createServer(authority.issue('dns', 'DNS:dns.example.org'), socket => socket.end('x')).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const place = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  const dial = dialer(place, 'dns.example.org', secureContext({ cert: undefined, key: undefined, ca: authority.read('ca.pem') }))
  const resumes = async () => {
    const socket = dial()
    await once(socket, 'secureConnect')
    const isReused = socket.isSessionReused()
    await once(socket.resume(), 'close')
    return isReused
  }
  assert.deepEqual([await resumes(), await resumes(), await resumes()], [false, true, true])
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3 * 86_400_000 })
  assert.equal(await resumes(), false)
})
