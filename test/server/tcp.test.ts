import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, suite, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TcpClient } from '#test/support/client.ts'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { reply } from '#test/support/scripts.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'
import { type Asked, type FakeUpstream, startUpstream } from '#test/support/upstream.ts'
import { until } from '#test/support/waiting.ts'

/** What is known here and now; everything else is forwarded. */
const KNOWN = 'www.example.org'

suite('TCP', () => {
  let server: ServerProcess
  let upstream: FakeUpstream
  /** Forwarded queries, by name; the upstream is silent until one is let go. */
  const held = new Map<string, () => void>()
  const hold = (asked: Asked) =>
    new Promise<Buffer>(resolve => held.set(asked.name, () => resolve(reply(asked, [`${asked.name} 5 IN A 192.0.2.9`]))))

  before(async () => {
    upstream = await startUpstream(hold)
    server = await startServer(
      `.:0 {\n hosts /dev/null {\n  192.0.2.1 ${KNOWN}\n  fallthrough\n }\n forward . ${upstream.to} {\n  read_timeout 60s\n }\n}\n`,
    )
  })
  after(async () => {
    // It is there also where the server has not started.
    await upstream.stop()
    await server.stop()
  })

  /** Waits until the upstream has been asked for `name`, then has it answered. */
  const release = async (name: string) => {
    await until(() => held.has(name))
    held.get(name)!()
    held.delete(name)
  }

  /** The ids and rcodes of the next `count` replies. */
  const take = async (client: TcpClient, count: number) => {
    const taken: [id: number, rcode: string][] = []
    while (taken.length < count) {
      const message = await client.next()
      assert.ok(message, `closed after ${taken.length} replies`)
      const { id, rcode } = readAnswer(message)
      taken.push([id, rcode])
    }
    return taken
  }

  const ids = (count: number) => Array.from({ length: count }, (_, id) => id)

  test('one query after another on one connection', async () => {
    await using client = server.connect()
    for (const id of ids(20)) {
      client.send(queryMessage(KNOWN, 'A', { id }))
      assert.deepEqual(await take(client, 1), [[id, 'NOERROR']])
    }
  })

  test('many queries in one write', async () => {
    await using client = server.connect()
    client.send(...ids(500).map(id => queryMessage(KNOWN, 'A', { id })))
    assert.deepEqual(
      await take(client, 500),
      ids(500).map(id => [id, 'NOERROR']),
    )
  })

  test('a query in single octets', async () => {
    await using client = server.connect()
    client.socket.setNoDelay(true)
    const message = queryMessage(KNOWN, 'A', { id: 7 })
    for (const octet of [0, message.length, ...message]) {
      client.socket.write(Buffer.of(octet))
      await nextTurn()
    }
    assert.deepEqual(await take(client, 1), [[7, 'NOERROR']])
  })

  test('what is broken is answered, and the connection goes on', async () => {
    await using client = server.connect()
    client.send(
      queryMessage(KNOWN, 'A', { id: 1 }).subarray(0, -3),
      Buffer.alloc(0),
      Buffer.alloc(5),
      queryMessage(KNOWN, 'A', { id: 2 }),
    )
    assert.deepEqual(await take(client, 2), [
      [1, 'FORMERR'],
      [2, 'NOERROR'],
    ])
  })

  test('a query that has to wait does not hold up the next', async () => {
    await using client = server.connect()
    client.send(
      queryMessage('slow-1.example.net', 'A', { id: 1 }),
      queryMessage('slow-2.example.net', 'A', { id: 2 }),
      queryMessage(KNOWN, 'A', { id: 3 }),
    )
    assert.deepEqual(await take(client, 1), [[3, 'NOERROR']])
    await release('slow-2.example.net.')
    assert.deepEqual(await take(client, 1), [[2, 'NOERROR']])
    await release('slow-1.example.net.')
    assert.deepEqual(await take(client, 1), [[1, 'NOERROR']])
  })

  test('a hundred queries of a connection wait at a time; the next come when one is answered', async () => {
    await using client = server.connect()
    // A question that waits for long may be asked twice, and the upstream's health as well.
    const asked = () => new Set(upstream.seen.map(({ name }) => name).filter(name => /^n\d+\./.test(name))).size
    client.send(...ids(120).map(id => queryMessage(`n${id}.example.net`, 'A', { id })))
    await until(() => asked() >= 100)
    // The connection is not read on: even a name that is known has to wait now. On another connection it does not.
    client.send(queryMessage(KNOWN, 'A', { id: 999 }))
    assert.equal((await server.queryTcp(KNOWN)).rcode, 'NOERROR')
    assert.equal(asked(), 100)
    await release('n50.example.net.')
    assert.deepEqual(await take(client, 1), [[50, 'NOERROR']])
    await until(() => asked() >= 101)
    const rest = ids(120).filter(id => id !== 50)
    for (const id of rest) await release(`n${id}.example.net.`)
    const replies = await take(client, 120)
    assert.deepEqual(
      replies.map(([id]) => id).sort((a, b) => a - b),
      [...rest, 999],
    )
  })

  test('a client that has said everything gets every answer, then the connection ends', async () => {
    await using client = server.connect()
    client.send(...ids(110).map(id => queryMessage(`h${id}.example.net`, 'A', { id })), queryMessage(KNOWN, 'A', { id: 999 }))
    client.socket.end()
    for (const id of ids(110)) await release(`h${id}.example.net.`)
    assert.equal((await take(client, 111)).length, 111)
    assert.equal(await client.next(), undefined)
  })

  test('a client that is gone when its answer comes harms nobody', async () => {
    const client = server.connect()
    client.send(queryMessage('gone.example.net', 'A', { id: 1 }))
    await until(() => held.has('gone.example.net.'))
    client.socket.resetAndDestroy()
    await once(client.socket, 'close')
    await release('gone.example.net.')
    assert.equal((await server.queryTcp(KNOWN)).rcode, 'NOERROR')
    assert.equal(server.stderr.length, 0)
  })
})
