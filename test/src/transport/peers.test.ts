/** Connected UDP sockets of both kinds. */
import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { constants } from 'node:os'
import { suite, test } from 'node:test'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { type Native, openNative } from '#src/transport/batch/native.ts'
import { BatchPeers } from '#src/transport/batch/peers.ts'
import { type ConnectUdp, type Peer, written } from '#src/transport/transport.ts'
import { connectUdp } from '#src/transport/udp.ts'
import { freePort } from '#test/support/ports.ts'
import { until } from '#test/support/waiting.ts'

/** Opens a socket whose events are noted. */
function open(connect: ConnectUdp, peer: Peer) {
  const messages: Buffer[] = []
  const errors: NodeJS.ErrnoException[] = []
  let onEvent = () => {}
  const note =
    <E>(list: E[]) =>
    (event: E) => {
      list.push(event)
      onEvent()
    }
  const socket = connect(peer, { received: note(messages), failed: note(errors) })
  return {
    messages,
    errors,
    local: () => socket.local(),
    send: (text: string) => socket.send(written(Buffer.from(text))),
    /** Until `done`, for five seconds. */
    async until(done: () => boolean): Promise<void> {
      for (const deadline = performance.now() + 5000; !done(); ) {
        assert.ok(performance.now() < deadline, `${messages.length} messages, ${errors.length} errors`)
        const { promise, resolve } = Promise.withResolvers<void>()
        onEvent = resolve
        await Promise.race([promise, sleep(20)])
      }
    },
    [Symbol.dispose]: () => socket.close(),
  }
}

/** Answers each datagram with itself and an exclamation mark. */
async function echoServer(address: string): Promise<Socket> {
  const server = createSocket(address === '::1' ? 'udp6' : 'udp4')
  server.on('message', (message, { port, address }) => server.send(`${message}!`, port, address))
  server.bind(0, address)
  await once(server, 'listening')
  return server
}

for (const [kind, connect] of Object.entries({ batch: new BatchPeers().connect, dgram: connectUdp })) {
  suite(kind, () => {
    for (const address of ['127.0.0.1', '::1']) {
      test(`it tells where it sends from to ${address}`, async () => {
        await using server = await echoServer(address)
        const from: object[] = []
        server.on('message', (_, { address, port }) => from.push({ address, port }))
        using one = open(connect, { address, port: server.address().port })
        one.send('x')
        await one.until(() => one.messages.length === 1)
        assert.deepEqual([one.local()], from)
      })

      test(`what is sent to ${address} comes back, each to who sent it`, async () => {
        await using server = await echoServer(address)
        const peer = { address, port: server.address().port }
        using one = open(connect, peer)
        using other = open(connect, peer)
        for (let i = 0; i < 100; i++) {
          one.send(`one ${i}`)
          other.send(`other ${i}`)
        }
        await one.until(() => one.messages.length === 100)
        await other.until(() => other.messages.length === 100)
        assert.deepEqual(new Set(one.messages.map(String)), new Set(Array.from({ length: 100 }, (_, i) => `one ${i}!`)))
        assert.deepEqual(new Set(other.messages.map(String)), new Set(Array.from({ length: 100 }, (_, i) => `other ${i}!`)))
      })
    }

    test('an IPv4 address may be written as IPv6', async () => {
      await using server = await echoServer('127.0.0.1')
      using one = open(connect, { address: '::ffff:127.0.0.1', port: server.address().port })
      one.send('x')
      await one.until(() => one.messages.length === 1)
    })

    test('what is sent may be written over at once, what was received stays', async t => {
      await using server = await echoServer('127.0.0.1')
      using socket = open((peer, events) => connect(peer, events), { address: '127.0.0.1', port: server.address().port })
      const datagram = Buffer.from('0')
      const reusing = connect(
        { address: '127.0.0.1', port: server.address().port },
        { received: message => socket.messages.push(message), failed: error => socket.errors.push(error) },
      )
      t.after(() => reusing.close())
      for (let i = 0; i < 10; i++) {
        datagram.write(String(i))
        reusing.send(written(datagram))
      }
      await socket.until(() => socket.messages.length === 10)
      assert.deepEqual(
        socket.messages.map(String).sort(),
        Array.from({ length: 10 }, (_, i) => `${i}!`),
      )
    })

    test('the source address is the one that is wanted; strangers are not heard', async () => {
      await using server = createSocket('udp4')
      server.bind(0, '127.0.0.1')
      await once(server, 'listening')
      using socket = open(connect, { address: '127.0.0.1', port: server.address().port, source: '127.0.0.9' })
      socket.send('ping')
      const [, from] = await once(server, 'message')
      assert.equal(from.address, '127.0.0.9')
      await using stranger = createSocket('udp4')
      await new Promise(resolve => stranger.send('forged', from.port, from.address, resolve))
      server.send('pong', from.port, from.address)
      await socket.until(() => socket.messages.length > 0)
      assert.deepEqual(socket.messages.map(String), ['pong'])
    })

    test('a port that nobody listens on is told of, and the socket goes on', async () => {
      const port = await freePort()
      using socket = open(connect, { address: '127.0.0.1', port })
      socket.send('ping')
      await socket.until(() => socket.errors.length > 0)
      const { code, syscall } = socket.errors[0]!
      assert.equal(code, 'ECONNREFUSED')
      assert.ok(syscall === 'recvmsg' || syscall === 'send', `${syscall}`)
      await using server = createSocket('udp4')
      server.on('message', (message, { port, address }) => server.send(message, port, address))
      server.bind(port, '127.0.0.1')
      await once(server, 'listening')
      for (const deadline = performance.now() + 5000; socket.messages.length === 0 && performance.now() < deadline; ) {
        socket.send('again')
        await sleep(5)
      }
      assert.equal(String(socket.messages[0]), 'again')
    })

    test('a socket that cannot be opened is told of', async () => {
      using socket = open(connect, { address: '127.0.0.1', port: 53, source: '192.0.2.9' })
      socket.send('ping')
      await socket.until(() => socket.errors.length > 0)
      assert.equal(socket.errors[0]!.code, 'EADDRNOTAVAIL')
    })

    test('a closed socket sends and tells nothing more', async () => {
      await using server = await echoServer('127.0.0.1')
      const socket = open(connect, { address: '127.0.0.1', port: server.address().port })
      socket.send('ping')
      await socket.until(() => socket.messages.length === 1)
      socket.send('late')
      socket[Symbol.dispose]()
      socket.send('later')
      for (let turn = 0; turn < 20; turn++) await nextTurn()
      assert.deepEqual([socket.messages.length, socket.errors], [1, []])
    })
  })
}

const native = openNative()
const { EAGAIN, EPERM } = constants.errno
/** Too long to be bundled. */
const long = (text: string) => text.repeat(600)

/** Sockets whose sendmmsg is `send`, which is given the real one. */
function peersWith(send: (real: (count: number) => number, count: number, fail: (errno: number) => -1) => number): BatchPeers {
  let errno = 0
  const fail = (code: number): -1 => {
    errno = code
    return -1
  }
  const faulty = {
    ...native,
    calls: {
      ...native.calls,
      sendmmsg: (fd: number, headers: bigint, count: number, flags: number) =>
        send(fewer => native.calls.sendmmsg(fd, headers, fewer, flags), count, fail),
    } as Native['calls'],
    errno() {
      const told = errno || native.errno()
      errno = 0
      return told
    },
  }
  return new BatchPeers(faulty)
}

test('in batches, all that one turn sends goes out in one call for 64 datagrams', async () => {
  const counts: number[] = []
  const peers = peersWith((real, count) => {
    counts.push(count)
    return real(count)
  })
  await using server = await echoServer('127.0.0.1')
  using socket = open(peers.connect, { address: '127.0.0.1', port: server.address().port })
  for (let i = 0; i < 100; i++) socket.send(long('1'))
  await socket.until(() => socket.messages.length === 100)
  assert.deepEqual(counts, [64, 36])
})

test('in batches, what a full send buffer does not take is lost alone; another error is told once', async () => {
  const errnos = [EAGAIN, EPERM, EPERM]
  const peers = peersWith((real, count, fail) => {
    const errno = errnos.shift()
    return errno ? fail(errno) : real(count)
  })
  await using server = await echoServer('127.0.0.1')
  using socket = open(peers.connect, { address: '127.0.0.1', port: server.address().port })
  for (const text of ['1', '2', '3', '4', '5']) socket.send(long(text))
  await socket.until(() => socket.messages.length === 2)
  assert.deepEqual(socket.messages.map(String), [`${long('4')}!`, `${long('5')}!`])
  assert.deepEqual(
    socket.errors.map(({ code }) => code),
    ['EPERM'],
  )
})

test('in batches, datagrams of one length are sent as one; where that fails, each by itself', async () => {
  const counts: number[] = []
  const outcomes = [1, constants.errno.EIO, 64, 64]
  const peers = peersWith((real, count, fail) => {
    counts.push(count)
    const outcome = outcomes.shift()!
    return outcome === constants.errno.EIO ? fail(outcome) : real(Math.min(count, outcome))
  })
  await using server = await echoServer('127.0.0.1')
  using socket = open(peers.connect, { address: '127.0.0.1', port: server.address().port })
  const texts = ['1', '2', '33', '', '', '44', '55', '66', '7', long('8'), long('9')]
  for (const text of texts) socket.send(text)
  await socket.until(() => socket.messages.length === texts.length)
  // Bundles: 1, 2 and 7, which go, then 33 to 66, and four that are alone.
  assert.deepEqual(counts, [6, 5, 8])
  assert.deepEqual(
    socket.messages.map(String),
    ['1', '2', '7', '33', '44', '55', '66', '', '', long('8'), long('9')].map(text => `${text}!`),
  )
  assert.deepEqual(socket.errors, [])
})

test('in batches, a throw of whoever is told is an uncaught exception outside of C, and the others are told', async t => {
  const thrown: unknown[] = []
  const peers = new BatchPeers({ ...native, raise: error => thrown.push(error) })
  await using server = await echoServer('127.0.0.1')
  const told: string[] = []
  const socket = peers.connect(
    { address: '127.0.0.1', port: server.address().port },
    {
      received(message) {
        told.push(String(message))
        if (told.length === 1) throw new Error('thrown')
      },
      failed: error => assert.fail(error),
    },
  )
  t.after(() => socket.close())
  for (const text of ['a', 'b', 'c']) socket.send(written(Buffer.from(text)))
  await until(() => told.length >= 3)
  assert.deepEqual(told, ['a!', 'b!', 'c!'])
  assert.deepEqual(thrown, [new Error('thrown')])
})
