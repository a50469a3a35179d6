import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Channel } from '#src/grpc/channel.ts'
import { LONGEST_PACKET, QUERY, writePacket } from '#src/grpc/dns-service.ts'
import { STATUS } from '#src/grpc/status.ts'
import { type GrpcScript, GrpcUpstream } from '#test/support/grpc-upstream.ts'
import { TcpProxy } from '#test/support/kubernetes/tcp-proxy.ts'
import { until } from '#test/support/waiting.ts'

const echo: GrpcScript = message => message

const call = { path: QUERY, message: writePacket(Buffer.from('hello')), longest: LONGEST_PACKET }

function open(t: TestContext, port: number): Channel {
  const channel = new Channel({ to: `127.0.0.1:${port}`, secure: false, dial: () => connect({ host: '127.0.0.1', port }) })
  t.after(() => channel.close())
  return channel
}

test('1,024 calls are under way at the most', async t => {
  await using upstream = await GrpcUpstream.start(() => undefined)
  const channel = open(t, upstream.port)
  const calls = Promise.allSettled(Array.from({ length: 1024 }, () => channel.call(call, 60_000)))
  await assert.rejects(channel.call(call, 60_000), { code: STATUS.RESOURCE_EXHAUSTED, message: /1024 calls in flight/ })
  channel.close()
  for (const outcome of await calls) assert.equal(outcome.status, 'rejected')
  upstream.script = echo
  assert.deepEqual(await open(t, upstream.port).call(call, 60_000), call.message)
})

test('a call takes its time at the most, and the server is told so', async t => {
  await using upstream = await GrpcUpstream.start(() => undefined)
  const channel = open(t, upstream.port)
  await assert.rejects(channel.call(call, 50), { code: STATUS.DEADLINE_EXCEEDED })
  assert.match(`${upstream.headers[0]!['grpc-timeout']}`, /^([1-9]|[1-4]\d|50)m$/)
  assert.equal(channel.isDown, false)
})

test('a connection over which nothing comes any more is given up', async t => {
  await using upstream = await GrpcUpstream.start(echo)
  await using proxy = await TcpProxy.start(upstream.port)
  const channel = open(t, proxy.port)
  await channel.call(call, 60_000)
  proxy.mute()
  await assert.rejects(channel.call(call, 50), { code: STATUS.DEADLINE_EXCEEDED })
  await until(() => channel.isDown)
  await until(() => !channel.isDown)
  assert.deepEqual(await channel.call(call, 60_000), call.message)
  assert.equal(proxy.connections, 2)
})

test('a server that cuts every connection is asked twice, and then left alone for a moment', async t => {
  await using upstream = await GrpcUpstream.start((_message, stream) => void stream.session?.destroy())
  const channel = open(t, upstream.port)
  await assert.rejects(channel.call(call, 60_000), { code: STATUS.UNAVAILABLE })
  assert.equal(upstream.seen.length, 2)
  assert.equal(channel.isDown, true)
  await assert.rejects(channel.call(call, 60_000), { code: STATUS.UNAVAILABLE })
  assert.equal(upstream.seen.length, 2)
  upstream.script = echo
  await until(() => !channel.isDown)
  assert.deepEqual(await channel.call(call, 60_000), call.message)
})
