/** What the kernel may answer to a call, and what becomes of the datagrams then. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { constants } from 'node:os'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { listenBatch } from '#src/transport/batch/listener.ts'
import { type Native, openNative } from '#src/transport/batch/native.ts'
import { LONGEST_SEGMENT } from '#src/transport/batch/ring.ts'
import { type Receive, written } from '#src/transport/transport.ts'
import { askUdp } from '#test/support/client.ts'
import { BatchClient } from './client.ts'

const { EAGAIN, ECONNREFUSED, EINVAL, EIO, EMSGSIZE, ENOBUFS, EPERM } = constants.errno
const native = openNative()

const echo: Receive = message => written(message)

type Call = (...values: never[]) => number

/** The native calls, some of them with others in their place; a fault is told as `errno`. */
function faulty(calls: Record<string, Call>): { native: Native; fail(errno: number): -1 } {
  let errno = 0
  return {
    native: {
      ...native,
      calls: { ...native.calls, ...calls } as Native['calls'],
      errno() {
        const told = errno || native.errno()
        errno = 0
        return told
      },
    },
    fail(code) {
      errno = code
      return -1
    },
  }
}

/** A listener whose sendmmsg is `send`, which gets the real one. */
function listenWith(
  receive: Receive,
  send: (real: (count: number) => number, count: number, fail: (errno: number) => -1) => number,
  address = '127.0.0.1',
) {
  const fault = faulty({
    sendmmsg: (fd: number, headers: bigint, count: number, flags: number) =>
      send(fewer => native.calls.sendmmsg(fd, headers, fewer, flags), count, fault.fail),
  })
  return listenBatch(address, 0, receive, fault)
}

/** The numbers of the next `count` replies. */
const receive = async (client: BatchClient, count: number): Promise<number[]> =>
  (await client.wait(count)).map(reply => reply.readUInt16BE()).sort((a, b) => a - b)

const numbered = (count: number): Buffer[] => Array.from({ length: count }, (_, i) => Buffer.of(i >> 8, i & 255))
/** The same, so long that each goes in a message of its own. */
const alone = (count: number): Buffer[] => numbered(count).map(number => Buffer.concat([number, Buffer.alloc(LONGEST_SEGMENT)]))
const upTo = (count: number): number[] => [...Array(count).keys()]

for (const late of [false, true]) {
  const answer: Receive = late ? message => nextTurn().then(() => written(message)) : echo
  test(`a full send buffer: ${late ? 'late replies' : 'replies'} wait until it takes them, and none is lost`, async () => {
    let full = 0
    using listening = await listenWith(answer, (real, count, fail) => {
      // Some go, then none for a while.
      if (full++ % 5 < 3) return fail(EAGAIN)
      return real(Math.min(count, 7))
    })
    using client = new BatchClient('127.0.0.1', listening.port)
    client.send(...alone(300))
    assert.deepEqual(await receive(client, 300), upTo(300))
    await listening.close()
    assert.equal(listening.losses().unsent, 0)
    assert.ok(full > 60, `${full}`)
  })
}

test('a full send buffer: a reply that waits comes from the address that was asked', async () => {
  let full = 0
  const refuseTwice = (real: (count: number) => number, count: number, fail: (errno: number) => -1) =>
    full++ < 2 ? fail(EAGAIN) : real(count)
  using listening = await listenWith(echo, refuseTwice, '0.0.0.0')
  const asked = ['127.0.0.2', '127.0.0.3'].map(address => askUdp(Buffer.from(address), { address, port: listening.port }))
  assert.deepEqual((await Promise.all(asked)).map(String), ['127.0.0.2', '127.0.0.3'])
  assert.ok(full > 2)
  await listening.close()
})

test('while the send buffer is full, nothing is read', async () => {
  let full = true
  let received = 0
  using listening = await listenWith(
    message => {
      received++
      return written(message)
    },
    (real, count, fail) => (full ? fail(EAGAIN) : real(count)),
  )
  using client = new BatchClient('127.0.0.1', listening.port)
  client.send(...numbered(500))
  for (let turn = 0; turn < 50; turn++) await nextTurn()
  assert.equal(received, 64)
  full = false
  assert.deepEqual(await receive(client, 500), upTo(500))
  await listening.close()
})

test('late replies that the kernel does not take are kept up to a bound', async () => {
  let full = true
  const promised = Promise.withResolvers<void>()
  let received = 0
  using listening = await listenWith(
    message => {
      received++
      return promised.promise.then(() => written(message))
    },
    (real, count, fail) => (full ? fail(EAGAIN) : real(count)),
  )
  using client = new BatchClient('127.0.0.1', listening.port)
  client.send(...numbered(1500))
  for (let turn = 0; turn < 100 && received < 1500; turn++) await nextTurn()
  promised.resolve()
  await nextTurn()
  assert.equal(listening.losses().unsent, 1500 - 1024)
  full = false
  assert.equal(new Set(await receive(client, 1024)).size, 1024)
  await listening.close()
})

test('close waits until the kernel has taken every reply', async () => {
  let full = true
  using listening = await listenWith(echo, (real, count, fail) => (full ? fail(EAGAIN) : real(count)))
  using client = new BatchClient('127.0.0.1', listening.port)
  client.send(...numbered(50))
  let closed = false
  const closing = listening.close().then(() => {
    closed = true
  })
  for (let turn = 0; turn < 20; turn++) await nextTurn()
  assert.equal(closed, false)
  full = false
  await closing
  assert.equal(client.receive().length, 50)
})

for (const [name, errno] of Object.entries({ ENOBUFS, EPERM, ECONNREFUSED })) {
  test(`${name}: the datagram that it befalls is lost, and no other`, async () => {
    let sent = 0
    using listening = await listenWith(echo, (real, count, fail) => {
      // sendmmsg tells of an error only when it comes first; else it sends what is before it.
      if (sent % 10 === 3) {
        sent++
        return fail(errno)
      }
      const before = (((3 - sent) % 10) + 10) % 10
      const done = real(Math.min(count, before))
      sent += done
      return done
    })
    using client = new BatchClient('127.0.0.1', listening.port)
    client.send(...alone(200))
    assert.deepEqual(
      await receive(client, 180),
      upTo(200).filter(i => i % 10 !== 3),
    )
    assert.equal(listening.losses().unsent, 20)
    await listening.close()
  })
}

test('a bundle that fails is lost as a whole, and no other datagram', async () => {
  let failed = false
  using listening = await listenWith(echo, (real, count, fail) => {
    if (failed) return real(count)
    failed = true
    return fail(ENOBUFS)
  })
  using client = new BatchClient('127.0.0.1', listening.port)
  using other = new BatchClient('127.0.0.1', listening.port)
  client.send(...numbered(20))
  other.send(...numbered(30))
  assert.deepEqual(await receive(other, 30), upTo(30))
  assert.deepEqual([client.receive(), listening.losses().unsent], [[], 20])
  await listening.close()
})

for (const [name, errno] of Object.entries({ EINVAL, EIO, EMSGSIZE })) {
  test(`${name}: where the kernel takes no bundles, every datagram goes alone, and none is lost`, async () => {
    const counts: number[] = []
    using listening = await listenWith(echo, (real, count, fail) => {
      counts.push(count)
      return counts.length === 1 ? fail(errno) : real(count)
    })
    using client = new BatchClient('127.0.0.1', listening.port)
    for (let round = 0; round < 3; round++) {
      client.send(...numbered(50))
      assert.deepEqual(await receive(client, 50), upTo(50))
    }
    assert.deepEqual(counts, [1, 50, 50, 50])
    assert.equal(listening.losses().unsent, 0)
    await listening.close()
  })
}

test('a reply that nothing can carry is lost alone', async () => {
  using listening = await listenBatch('127.0.0.1', 0, message =>
    written(message[1] === 1 ? Buffer.alloc(70_000) : message[1] === 2 ? Buffer.alloc(65_508) : message),
  )
  using client = new BatchClient('127.0.0.1', listening.port)
  client.send(...numbered(5))
  assert.deepEqual(await receive(client, 3), [0, 3, 4])
  assert.equal(listening.losses().unsent, 2)
  await listening.close()
})

test('errors that wait in the socket do not end the service, nor keep the event loop busy', async () => {
  const opened: number[] = []
  let reads = 0
  const { native: watched } = faulty({
    bind: (fd: number, name: bigint, length: number) => {
      opened.push(fd)
      return native.calls.bind(fd, name, length)
    },
    recvmmsg: (...values: Parameters<Native['calls']['recvmmsg']>) => {
      reads++
      return native.calls.recvmmsg(...values)
    },
  })
  using listening = await listenBatch('127.0.0.1', 0, echo, { native: watched })
  // IP_RECVERR: errors that ICMP brings for earlier replies are queued, and libuv stops watching then.
  const { scratch, scratchAt } = native.ring
  scratch.setInt32(0, 1, true)
  assert.equal(native.calls.setsockopt(opened[0]!, 0, 11, scratchAt, 4), 0)
  for (let round = 0; round < 3; round++) {
    const gone = createSocket('udp4')
    await new Promise(resolve => gone.send('gone', listening.port, '127.0.0.1', resolve))
    gone.close()
    await once(gone, 'close')
    for (let turn = 0; turn < 5; turn++) await nextTurn()
    reads = 0
    for (let turn = 0; turn < 1000; turn++) await nextTurn()
    assert.ok(reads < 10, `${reads} reads of a quiet socket`)
    using client = new BatchClient('127.0.0.1', listening.port)
    client.send(...numbered(100))
    assert.ok((await receive(client, 99)).length >= 99)
  }
  await listening.close()
})

test('of more than the receive buffer holds, the older half is shed, the rest is answered, and so is what comes afterwards', async () => {
  const seen: number[] = []
  using listening = await listenBatch('127.0.0.1', 0, message => {
    seen.push(message[0]! * 256 + message[1]!)
    return written(message)
  })
  using client = new BatchClient('127.0.0.1', listening.port)
  assert.deepEqual(listening.losses(), { unsent: 0, overflows: 0, shed: 0 })
  const sent = 20_000
  client.send(...numbered(sent))
  const deadline = performance.now() + 5000
  for (let before = -1; before !== seen.length && performance.now() < deadline; await nextTurn()) {
    before = seen.length
    await nextTurn()
  }
  const { overflows, shed } = listening.losses()
  const queued = sent - overflows
  assert.ok(overflows > 0 && overflows < sent, `${overflows} overflows`)
  assert.ok(shed > queued * 0.4 && shed < queued * 0.6, `${shed} of ${queued} were shed`)
  assert.equal(seen.length, queued - shed)
  // One batch was answered before it was seen that there are too many.
  assert.deepEqual([seen[63], seen[64], seen.at(-1)], [63, 64 + shed, queued - 1])
  client.receive()
  client.send(Buffer.of(255, 255))
  assert.equal((await receive(client, 1)).at(-1), 65_535)
  assert.equal(listening.losses().shed, shed)
  await listening.close()
})

test('what comes faster than it is read is counted', async () => {
  using listening = await listenBatch('127.0.0.1', 0, () => undefined)
  using client = new BatchClient('127.0.0.1', listening.port)
  assert.equal(listening.losses().overflows, 0)
  const datagrams = Array<Buffer>(1000).fill(Buffer.alloc(4000))
  for (let round = 0; round < 10; round++) client.send(...datagrams)
  assert.ok(listening.losses().overflows > 0)
  await listening.close()
})
