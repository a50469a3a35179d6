/** A port that several threads listen on, each with a socket of its own. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { listenBatch } from '#src/transport/batch/listener.ts'
import { Connections } from '#src/transport/stream.ts'
import { listenTcp } from '#src/transport/tcp.ts'
import { type Opening, type Receive, written } from '#src/transport/transport.ts'
import { listenUdp } from '#src/transport/udp.ts'
import { askTcp, askUdp, type Target } from '#test/support/client.ts'
import { until } from '#test/support/waiting.ts'
import { closing } from './closing.ts'

/** Clients of a port; that all of them come to the same one of two sockets happens once in 2^63 runs. */
const CLIENTS = 64

interface Transport {
  listen(address: string, port: number, receive: Receive, opening: Opening): ReturnType<ReturnType<typeof closing>>
  ask(message: Uint8Array, target: Target): Promise<Buffer>
}

const transports: Readonly<Record<string, Transport>> = {
  'UDP in batches': { listen: closing(listenBatch), ask: askUdp },
  'UDP one by one': { listen: closing(listenUdp), ask: askUdp },
  TCP: {
    listen: closing((address: string, port: number, receive: Receive, opening: Opening) =>
      listenTcp(address, port, receive, new Connections(), opening),
    ),
    ask: askTcp,
  },
}

/** Answers with the octets of the message and one that says who it is. */
const signed =
  (octet: number): Receive =>
  message =>
    written(Buffer.from([...message, octet]))

/** Who answers that many clients, one after the other. */
async function answering(ask: Transport['ask'], target: Target): Promise<number[]> {
  const seen = new Set<number>()
  for (let client = 0; client < CLIENTS; client++) seen.add((await ask(Buffer.of(0, client), target)).at(-1)!)
  return [...seen].sort()
}

for (const [name, { listen, ask }] of Object.entries(transports)) {
  suite(name, () => {
    if (name !== 'TCP')
      test('one that closes answers what has arrived, however long that takes', async () => {
        let answered = 0
        const slow: Receive = message => {
          // A machine that is busy with something else.
          if (answered++ === 0) for (const end = performance.now() + 1100; performance.now() < end; );
          return written(message)
        }
        await using listening = await listen('127.0.0.1', 0, slow, {})
        await using socket = createSocket('udp4')
        const send = () => new Promise(sent => socket.send('.', listening.port, '127.0.0.1', sent))
        await Promise.all(Array.from({ length: 200 }, send))
        await listening.close()
        assert.equal(answered, 200)
      })

    for (const address of ['127.0.0.1', '::1']) {
      test(`clients of ${address} are spread over the sockets that share it, and all come to the one that stays`, async () => {
        await using first = await listen(address, 0, signed(1), { shared: true })
        const { port } = first
        await using second = await listen(address, port, signed(2), { shared: true })
        assert.equal(second.port, port)
        assert.deepEqual(await answering(ask, { address, port }), [1, 2])
        await first.close()
        assert.deepEqual(await answering(ask, { address, port }), [2])
      })
    }

    test('only sockets that all agree share a port', async () => {
      for (const shared of [true, false]) {
        await using first = await listen('127.0.0.1', 0, signed(1), { shared })
        await assert.rejects(listen('127.0.0.1', first.port, signed(2), { shared: !shared }), { code: 'EADDRINUSE' })
      }
    })
  })
}

for (const address of ['127.0.0.1', '::1', '0.0.0.0', '::']) {
  test(`a socket at ${address} that still owes replies when it closes leaves what comes then to the others`, async () => {
    const paid = Promise.withResolvers<void>()
    const asked = new Set<number>()
    const owing =
      (octet: number): Receive =>
      message => {
        asked.add(octet)
        const reply = written(Buffer.from([...message, octet]))
        return message[0] === 1 ? paid.promise.then(() => reply) : reply
      }
    const listen = closing(listenBatch)
    await using first = await listen(address, 0, owing(1), { shared: true })
    const { port } = first
    await using second = await listen(address, port, owing(2), { shared: true })
    const target = { address: address.replace('0.0.0.0', '127.0.0.1').replace(/^::$/, '::1'), port: second.port }
    const owed = Array.from({ length: CLIENTS }, (_, client) => askUdp(Buffer.of(1, client), target))
    await until(() => asked.size === 2)
    const closed = first.close()
    assert.deepEqual(await answering(askUdp, target), [2])
    paid.resolve()
    assert.deepEqual(new Set((await Promise.all(owed)).map(reply => reply.at(-1))), new Set([1, 2]))
    await closed
  })
}

suite('a thread that ends takes its socket with it', () => {
  for (const [word, how] of [
    ['exit', 'in order'],
    ['throw', 'by an error'],
  ] as const) {
    test(how, async () => {
      using stays = await listenBatch('127.0.0.1', 0, signed(1), { shared: true })
      await using worker = new Worker(new URL('./batch/worker.ts', import.meta.url), { workerData: { port: stays.port } })
      worker.on('error', () => {})
      await once(worker, 'message')
      const ended = new Promise(resolve => worker.once('exit', resolve))
      worker.postMessage(word)
      await ended
      assert.deepEqual(await answering(askUdp, { port: stays.port }), [1])
      await stays.close()
    })
  }
})
