import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { queryMessage } from '#test/support/message.ts'
import { silence } from '#test/support/scripts.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'
import { type FakeUpstream, startUpstream } from '#test/support/upstream.ts'
import { until } from '#test/support/waiting.ts'

const framed = (message: Buffer) => Buffer.concat([Buffer.of(message.length >> 8, message.length & 255), message])

/** A connection from an address of its own, so that cases that run at the same time do not count together. */
const open = async ({ port }: ServerProcess, localAddress: string): Promise<Socket> => {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}
/** Whether a query on this connection is answered. */
const answers = async (socket: Socket): Promise<boolean> => {
  if (socket.closed) return false
  socket.write(framed(queryMessage('www.example.org', 'A')))
  return await new Promise(resolve => socket.once('data', () => resolve(true)).once('close', () => resolve(false)))
}

suite('what one client may take', { concurrency: true }, () => {
  let server: ServerProcess
  let upstream: FakeUpstream

  before(async () => {
    upstream = await startUpstream(silence)
    const big = Array.from({ length: 4000 }, (_, i) => `10.0.${i >> 8}.${i & 255} big.example.org`).join('\n')
    server = await startServer(
      `.:0 {\n hosts /dev/null {\n  192.0.2.1 www.example.org\n${big}\n  fallthrough\n }\n forward . ${upstream.to} {\n  read_timeout 60s\n }\n}\n`,
    )
  })
  after(async () => {
    // It is there also where the server has not started.
    await upstream.stop()
    await server.stop()
  })

  /** Milliseconds from `since` until it is closed. */
  const closed = async (socket: Socket, since: number): Promise<number> => {
    if (!socket.closed) await new Promise(resolve => socket.resume().once('close', resolve))
    return performance.now() - since
  }
  /** Resident memory of the server, in octets. */
  const memory = () => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))![1]) << 10

  test('256 connections', async () => {
    const from = '127.0.0.11'
    const first = await Promise.all(Array.from({ length: 256 }, () => open(server, from)))
    assert.ok((await Promise.all(first.map(answers))).every(Boolean))
    assert.ok(!(await answers(await open(server, from))), 'the 257th was served')
    assert.ok(await answers(await open(server, '127.0.0.12')), 'another client was not')
    first[0]!.destroy()
    // The server hears of it a moment later.
    await until(async () => answers(await open(server, from)))
    for (const socket of first) socket.destroy()
  })

  test('three seconds for the first message', async () => {
    // Before the server can have begun to count, however late a busy machine lets this process go on.
    const since = performance.now()
    const waited = await closed(await open(server, '127.0.0.13'), since)
    assert.ok(waited > 2500 && waited < 6000, `${waited} ms`)
  })

  test('three seconds for the first message, also when it comes octet by octet', async () => {
    const since = performance.now()
    const socket = await open(server, '127.0.0.14')
    const message = framed(queryMessage(`${'a'.repeat(60)}.example.org`, 'A'))
    let sent = 0
    const timer = setInterval(() => socket.write(message.subarray(sent, ++sent)), 100)
    const waited = await closed(socket, since)
    clearInterval(timer)
    assert.ok(waited > 2500 && waited < 6000, `${waited} ms`)
    assert.ok(sent < message.length)
  })

  test('ten seconds without a query', async () => {
    const socket = await open(server, '127.0.0.15')
    assert.ok(await answers(socket))
    await sleep(1000)
    const since = performance.now()
    assert.ok(await answers(socket))
    const waited = await closed(socket, since)
    assert.ok(waited > 9500 && waited < 15_000, `${waited} ms`)
  })

  test('a client that asks and never reads is cut off, and costs no memory', async () => {
    const before = memory()
    const socket = await open(server, '127.0.0.16')
    socket.pause()
    const query = framed(queryMessage('big.example.org', 'A'))
    // Each answer has 64,000 octets: together more than the kernel keeps. That it was cut off, the client learns when it writes.
    while (!socket.closed) {
      socket.write(Buffer.concat(Array.from({ length: 100 }, () => query)))
      await sleep(10)
    }
    assert.ok(memory() - before < 64 << 20, `${(memory() - before) >> 20} MiB`)
  })

  test('a client that asks on and on while nothing is answered is not read on', async () => {
    const before = memory()
    const socket = await open(server, '127.0.0.17')
    const query = framed(queryMessage('slow.example.net', 'A', { edns: { options: [[12, Buffer.alloc(60_000)]] } }))
    let taken = 0
    for (; taken < 2000; taken++) {
      if (!socket.write(query) && (await Promise.race([once(socket, 'drain'), sleep(500, 'stuck', { ref: false })])) === 'stuck')
        break
    }
    // 100 that wait, and what the two kernels keep.
    assert.ok(taken < 1500, `${taken} queries of 60,000 octets were taken`)
    assert.ok(memory() - before < 64 << 20, `${(memory() - before) >> 20} MiB`)
    socket.destroy()
  })
})

test('4,096 connections in all', async () => {
  await using server = await startServer('.:0 {\n hosts /dev/null {\n  192.0.2.1 www.example.org\n }\n}\n')
  const sockets: Socket[] = []
  let count = 0
  // All 4,500 get a connection from the kernel; those that were too many are closed.
  for (let i = 0; i < 45; i++) {
    const opened = await Promise.all(Array.from({ length: 100 }, () => open(server, `127.0.2.${i}`)))
    for (const served of await Promise.all(opened.map(answers))) if (served) count++
    sockets.push(...opened)
  }
  assert.ok(count === 4096, `${count} connections were served`)
  assert.equal((await server.query('www.example.org')).rcode, 'NOERROR')
  for (const socket of sockets) socket.destroy()
})
