import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Client } from '#src/dns/query.ts'
import { listenBatch } from '#src/transport/batch/listener.ts'
import { type Receive, written } from '#src/transport/transport.ts'
import { askUdp } from '#test/support/client.ts'
import { freePort } from '#test/support/ports.ts'
import { until } from '#test/support/waiting.ts'
import { BatchClient } from './client.ts'

const ADDRESSES = ['127.0.0.1', '::1'] as const

const echo: Receive = message => written(message)

const numbered = (count: number): Buffer[] => Array.from({ length: count }, (_, i) => Buffer.of(i >> 8, i & 255))

for (const address of ADDRESSES) {
  suite(`batches on ${address}`, () => {
    test('what is sent arrives, with who sent it, and the reply goes back', async () => {
      const seen: { message: Uint8Array; client: Client }[] = []
      using listening = await listenBatch(address, 0, (message, client) => {
        seen.push({ message, client })
        return written(Buffer.from('pong'))
      })
      assert.equal(listening.address, address)
      await using socket = createSocket(address === '::1' ? 'udp6' : 'udp4')
      socket.send('ping', listening.port, address)
      const [reply, { address: from, port }] = await once(socket, 'message')
      assert.deepEqual([`${reply}`, from, port], ['pong', address, listening.port])
      assert.deepEqual(seen, [
        { message: Buffer.from('ping'), client: { address, port: socket.address().port, family: address === '::1' ? 6 : 4 } },
      ])
      await listening.close()
    })

    test('more than a batch', async () => {
      using listening = await listenBatch(address, 0, echo)
      using client = new BatchClient(address, listening.port)
      const datagrams = numbered(1000)
      client.send(...datagrams)
      assert.deepEqual(await client.wait(1000), datagrams)
      await listening.close()
    })

    test('sizes from nothing to the longest datagram', async () => {
      using listening = await listenBatch(address, 0, message =>
        written(Buffer.alloc(message[0]! * 256 + message[1]!, message[2]!)),
      )
      await using socket = createSocket({ type: address === '::1' ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 })
      for (const size of [0, 1, 1232, 4096, 4097, 65_487]) {
        socket.send(Buffer.of(size >> 8, size & 255, size % 251), listening.port, address)
        const [reply] = await once(socket, 'message')
        assert.deepEqual(reply, Buffer.alloc(size, size % 251))
      }
      await listening.close()
    })

    test('long replies to one batch, more than one system call takes', async () => {
      using listening = await listenBatch(address, 0, message => written(Buffer.alloc(4096, message)))
      using client = new BatchClient(address, listening.port)
      const datagrams = numbered(64)
      client.send(...datagrams)
      assert.deepEqual(
        await client.wait(64),
        datagrams.map(datagram => Buffer.alloc(4096, datagram)),
      )
      await listening.close()
    })
  })
}

test('two families at once share their memory without mixing up senders', async () => {
  const seen = new Set<string>()
  const note: Receive = (message, { address, family }) => {
    seen.add(`${message[0] === 4 ? 'sent over 4' : 'sent over 6'}: ${address} ${family}`)
    return written(message)
  }
  using overFour = await listenBatch('127.0.0.1', 0, note)
  using overSix = await listenBatch('::1', 0, note)
  using four = new BatchClient('127.0.0.1', overFour.port)
  using six = new BatchClient('::1', overSix.port)
  for (let round = 0; round < 20; round++) {
    four.send(...Array<Buffer>(20).fill(Buffer.of(4)))
    six.send(...Array<Buffer>(20).fill(Buffer.of(6)))
    await Promise.all([four.wait(20), six.wait(20)])
  }
  assert.deepEqual([...seen].sort(), ['sent over 4: 127.0.0.1 4', 'sent over 6: ::1 6'])
})

test('a socket of all addresses answers from the one that was asked, at once and later', async () => {
  const later = Promise.withResolvers<void>()
  using listening = await listenBatch('0.0.0.0', 0, message =>
    message[0] === 0 ? written(message) : later.promise.then(() => written(message)),
  )
  const asked = (kind: number) =>
    ['127.0.0.1', '127.0.0.2', '127.1.2.3'].map((address, i) =>
      // The kernel lets in nothing from another address.
      askUdp(Buffer.of(kind, i), { address, port: listening.port }),
    )
  assert.deepEqual(
    await Promise.all(asked(0)),
    [0, 1, 2].map(i => Buffer.of(0, i)),
  )
  const late = asked(1)
  await Promise.all(asked(0))
  later.resolve()
  assert.deepEqual(
    await Promise.all(late),
    [0, 1, 2].map(i => Buffer.of(1, i)),
  )
  await listening.close()
})

test('an IPv6 socket takes nothing from IPv4', async () => {
  using six = await listenBatch('::', await freePort(), echo)
  using four = await listenBatch('0.0.0.0', six.port, echo)
  await six.close()
  await four.close()
})

test('a datagram that is longer than what is read comes cut off', async () => {
  using listening = await listenBatch('127.0.0.1', 0, message =>
    written(Buffer.of(message.length >> 8, message.length & 255, message.at(-1)!)),
  )
  using client = new BatchClient('127.0.0.1', listening.port)
  for (const size of [4095, 4096, 4097, 65_507]) client.send(Buffer.alloc(size, size % 251))
  const cut = (size: number) => Buffer.of(16, 0, size % 251)
  assert.deepEqual(await client.wait(4), [Buffer.of(15, 255, 4095 % 251), cut(4096), cut(4097), cut(65_507)])
  await listening.close()
})

test('a message stays as it was, whatever comes after it', async () => {
  const kept: Uint8Array[] = []
  using listening = await listenBatch('127.0.0.1', 0, message => {
    kept.push(message)
    return written(message)
  })
  using client = new BatchClient('127.0.0.1', listening.port)
  for (let round = 0; round < 10; round++) {
    client.send(...Array<Buffer>(64).fill(Buffer.alloc(100, round)))
    await client.wait(64)
  }
  for (const [i, message] of kept.entries()) assert.deepEqual(message, Buffer.alloc(100, i >> 6))
  await listening.close()
})

test('silence, replies at once and late ones in one batch', async () => {
  const later = Promise.withResolvers<void>()
  using listening = await listenBatch('127.0.0.1', 0, message => {
    if (message[1]! % 3 === 0) return undefined
    return message[1]! % 3 === 1 ? written(message) : later.promise.then(() => written(message))
  })
  using client = new BatchClient('127.0.0.1', listening.port)
  const datagrams = numbered(60)
  client.send(...datagrams)
  assert.deepEqual(
    await client.wait(20),
    datagrams.filter((_, i) => i % 3 === 1),
  )
  later.resolve()
  assert.deepEqual(
    await client.wait(20),
    datagrams.filter((_, i) => i % 3 === 2),
  )
  await listening.close()
})

test('what receive leaves to be done afterwards is done, even when nothing else happens', async () => {
  const done = Promise.withResolvers<void>()
  using listening = await listenBatch('127.0.0.1', 0, () => {
    queueMicrotask(done.resolve)
    return undefined
  })
  using client = new BatchClient('127.0.0.1', listening.port)
  client.send(Buffer.of(1))
  await done.promise
  await listening.close()
})

test('close answers what had arrived and what is owed, and nothing that comes later', async () => {
  const owed = Promise.withResolvers<void>()
  using listening = await listenBatch('127.0.0.1', 0, message =>
    message[1]! & 1 ? owed.promise.then(() => written(message)) : written(message),
  )
  using client = new BatchClient('127.0.0.1', listening.port)
  const datagrams = numbered(2000)
  client.send(...datagrams)
  const closed = listening.close()
  assert.equal(listening.close(), closed)
  const replies = await client.wait(1000)
  for (let turn = 0; turn < 3; turn++) await nextTurn()
  client.send(Buffer.of(0, 0))
  owed.resolve()
  await closed
  replies.push(...client.receive())
  assert.deepEqual(
    replies.map(reply => reply.readUInt16BE()).sort((a, b) => a - b),
    [...datagrams.keys()],
  )
})

test('a socket that more and more comes to is closed nevertheless', async () => {
  using listening = await listenBatch('127.0.0.1', 0, echo)
  using client = new BatchClient('127.0.0.1', listening.port)
  let closed = false
  const closing = listening.close().then(() => {
    closed = true
  })
  const datagrams = numbered(128)
  for (const deadline = performance.now() + 5000; !closed && performance.now() < deadline; ) {
    client.send(...datagrams)
    client.receive()
    await nextTurn()
  }
  assert.ok(closed)
  await closing
})

test('what keeps a socket from being opened is a system error like those of dgram', async () => {
  using listening = await listenBatch('127.0.0.1', 0, echo)
  await assert.rejects(listenBatch('127.0.0.1', listening.port, echo), {
    code: 'EADDRINUSE',
    syscall: 'bind',
    message: `bind EADDRINUSE 127.0.0.1:${listening.port}`,
  })
  await listening.close()
  await (await listenBatch('127.0.0.1', listening.port, echo)).close()
  await assert.rejects(listenBatch('192.0.2.1', 0, echo), { code: 'EADDRNOTAVAIL' })
  await assert.rejects(listenBatch('2001:db8::1', 0, echo), { code: 'EADDRNOTAVAIL' })
  await assert.rejects(listenBatch('localhost', 0, echo), { code: 'EINVAL' })
})

test('a throw of receive is an uncaught exception outside of C, and the others of the batch are answered', async () => {
  await using worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: { survive: true } })
  const [port] = await once(worker, 'message')
  using client = new BatchClient('127.0.0.1', port)
  const errors: string[] = []
  worker.on('message', message => errors.push(message))
  for (let round = 0; round < 3; round++) {
    client.send(...['first', 'throw', 'second', 'throw', 'third'].map(text => Buffer.from(text)))
    assert.deepEqual((await client.wait(3)).map(String).sort(), ['first', 'second', 'third'])
  }
  await until(() => errors.length >= 6)
  assert.deepEqual(errors, Array(6).fill('throw'))
  const ended = once(worker, 'exit')
  client.send(Buffer.from('exit'))
  assert.deepEqual(await ended, [3])
})
