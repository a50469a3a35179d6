import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listenBatch } from '#src/transport/batch/listener.ts'
import { connectUdp, listenUdp } from '#src/transport/udp.ts'
import { chooseUdp, type UdpMode } from '#src/transport/udp-mode.ts'
import { runServer, startServer } from '#test/support/server.ts'

const COREFILE = '.:0 {\n whoami\n}\n'
const WITHOUT_FFI = { NODE_OPTIONS: '--no-experimental-ffi' }
const FALLBACK = /^\[INFO\] datagrams are read one by one: node:ffi of v\S+ is not there or too old$/

test('auto takes batches where they work, and says nothing', async () => {
  const reasons: string[] = []
  const choice = async (mode: UdpMode) => {
    const { listen, connect } = await chooseUdp(mode, reason => reasons.push(reason))
    return [listen === listenBatch, listen === listenUdp, connect === connectUdp]
  }
  assert.deepEqual(await choice('auto'), [true, false, false])
  assert.deepEqual(await choice('batch'), [true, false, false])
  assert.deepEqual(await choice('dgram'), [false, true, true])
  assert.deepEqual(reasons, [])
})

for (const udp of ['auto', 'batch', 'dgram']) {
  test(`a server with -udp ${udp} answers over IPv4 and IPv6, and prints no warning`, async () => {
    await using server = await startServer(COREFILE, { args: ['-udp', udp] })
    for (const address of ['127.0.0.1', '::1']) {
      const answer = await server.query('example.org.', 'A', { address })
      assert.equal(answer.rcode, 'NOERROR')
      assert.match(answer.additional.join('\n'), address === '::1' ? /AAAA\s+::1/ : /A\s+127\.0\.0\.1/)
    }
    server.signal('SIGTERM')
    assert.deepEqual(await server.exited, { code: 0, signal: null })
    assert.deepEqual(server.stderr, [])
    assert.equal(server.stdout.filter(line => line.includes('datagrams')).length, 0)
  })
}

test('without node:ffi, auto falls back with one line that says why', async () => {
  await using server = await startServer(COREFILE, { args: ['-udp', 'auto'], env: WITHOUT_FFI })
  assert.equal((await server.query('example.org.')).rcode, 'NOERROR')
  assert.equal(server.stdout.filter(line => FALLBACK.test(line)).length, 1, server.output)
})

test('without node:ffi, batch does not start', async () => {
  await using server = await runServer(COREFILE, { args: ['-udp', 'batch'], env: WITHOUT_FFI })
  assert.equal((await server.exited).code, 1)
  assert.match(server.output, /^listen dns:\/\/:0: -udp batch: node:ffi of v\S+ is not there or too old$/m)
})
