import assert from 'node:assert/strict'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { delayed, silence, zone } from '#test/support/scripts.ts'
import { runServer, startServer } from '#test/support/server.ts'
import { startUpstream } from '#test/support/upstream.ts'
import { endsAnswered, openBurst } from './burst.ts'

const HOSTS = '.:0 {\n hosts /dev/null {\n  192.0.2.1 www.example.org\n }\n}\n'
const GONE = { code: 0, signal: null }

/** Forwards to an upstream, however slow. */
const forwarding = (to: string) => `.:0 {\n forward . ${to} {\n  read_timeout 60s\n }\n}\n`

suite('SIGTERM', () => {
  for (const mode of ['auto', 'dgram']) {
    test(`every query that the kernel has taken is answered before the end (-udp ${mode})`, async () => {
      await using server = await startServer(HOSTS, { args: ['-udp', mode] })
      await endsAnswered(server, 'www.example.org')
    })
  }

  test('what has arrived on TCP connections is answered, then they end', async () => {
    await using server = await startServer(HOSTS)
    await using idle = server.connect()
    await using busy = server.connect()
    for (const client of [idle, busy]) {
      client.send(queryMessage('www.example.org', 'A'))
      await client.next()
    }
    server.signal('SIGSTOP')
    busy.send(...Array.from({ length: 100 }, (_, id) => queryMessage('www.example.org', 'A', { id })))
    server.signal('SIGTERM')
    server.signal('SIGCONT')
    for (let id = 0; id < 100; id++) {
      const message = await busy.next()
      assert.ok(message, `closed after ${id} replies`)
      assert.equal(readAnswer(message).id, id)
    }
    assert.equal(await busy.next(), undefined)
    assert.equal(await idle.next(), undefined)
    assert.deepEqual(await server.exited, GONE)
  })

  test('who has connected is answered, however many wait to be accepted', async () => {
    await using server = await startServer(HOSTS)
    server.signal('SIGSTOP')
    const clients = Array.from({ length: 100 }, () => server.connect())
    await Promise.all(clients.map(({ socket }) => once(socket, 'connect')))
    for (const [id, client] of clients.entries()) client.send(queryMessage('www.example.org', 'A', { id }))
    server.signal('SIGTERM')
    server.signal('SIGCONT')
    for (const [id, client] of clients.entries()) {
      const message = await client.next()
      assert.ok(message, `closed without a reply to ${id}`)
      assert.equal(readAnswer(message).id, id)
    }
    assert.deepEqual(await server.exited, GONE)
  })

  test('queries that wait for others get their answers', async () => {
    const names = ['a.example.org. 5 IN A 192.0.2.9', 'b.example.org. 5 IN A 192.0.2.9']
    await using upstream = await startUpstream(delayed(500, zone(...names)))
    await using server = await startServer(forwarding(upstream.to))
    const asked = [server.query('a.example.org'), server.queryTcp('b.example.org')]
    await upstream.saw(2)
    server.signal('SIGTERM')
    assert.deepEqual(
      (await Promise.all(asked)).flatMap(({ answer }) => answer),
      names,
    )
    assert.deepEqual(await server.exited, GONE)
  })

  test('an upstream that never answers, and clients that never read, hold it up for six seconds only', async () => {
    await using upstream = await startUpstream(silence)
    await using server = await startServer(forwarding(upstream.to))
    await using client = server.connect()
    client.send(queryMessage('www.example.org', 'A'))
    await upstream.saw(1)
    const started = performance.now()
    server.signal('SIGTERM')
    assert.deepEqual(await server.exited, GONE)
    const waited = performance.now() - started
    assert.ok(waited > 4500 && waited < 9000, `${waited} ms`)
  })

  test('a log that nobody reads holds it up for little more than a second', async () => {
    await using server = await startServer('.:0 {\n log\n whoami\n}\n')
    const { child } = server
    child.stdout!.pause()
    // More than the socket takes.
    const name = 'long-label'.repeat(6)
    await using client = server.connect()
    for (let i = 0; i < 3000; i++) {
      client.send(queryMessage(`${name}.${name}.${name}.org`, 'A'))
      await client.next()
    }
    const started = performance.now()
    server.signal('SIGTERM')
    await once(child, 'exit', { signal: AbortSignal.timeout(10_000) })
    const waited = performance.now() - started
    assert.deepEqual([child.exitCode, waited > 900 && waited < 4000], [0, true], `${waited} ms`)
    child.stdout!.resume()
  })

  test('clients that go on asking do not hold it up', async () => {
    await using server = await startServer(HOSTS)
    await using burst = await openBurst()
    let gone = false
    server.exited.then(() => {
      gone = true
    })
    await burst.send(20, 'www.example.org', server.port)
    server.signal('SIGTERM')
    const started = performance.now()
    while (!gone) {
      await burst.send(20, 'www.example.org', server.port)
      await nextTurn()
    }
    assert.ok(performance.now() - started < 4000)
    assert.deepEqual(await server.exited, GONE)
  })

  test('it answers on while a plugin asks for it', async () => {
    await using server = await startServer(HOSTS.replace('hosts', 'health 127.0.0.1:0 {\n  lameduck 1s\n }\n hosts'))
    server.signal('SIGTERM')
    await server.waitForLine(/^\[INFO\] plugin\/health: Going into lameduck mode for 1s$/)
    assert.equal((await server.query('www.example.org')).rcode, 'NOERROR')
    assert.equal((await server.queryTcp('www.example.org')).rcode, 'NOERROR')
    assert.deepEqual(await server.exited, GONE)
    assert.ok(server.stdout.includes('[INFO] SIGTERM: Shutting down servers then terminating'))
  })

  test('a further one changes nothing', async () => {
    await using server = await startServer(HOSTS.replace('hosts', 'health 127.0.0.1:0 {\n  lameduck 1s\n }\n hosts'))
    server.signal('SIGTERM')
    await server.waitForLine(/lameduck/)
    server.signal('SIGTERM')
    assert.deepEqual(await server.exited, GONE)
  })

  test('it ends a server that is still starting', async () => {
    await using server = await runServer('.:0 {\n mesh cluster.local {\n  source file missing\n  startup_timeout 1m\n }\n}\n')
    await server.waitForLine(/missing cannot be read/)
    server.signal('SIGTERM')
    assert.deepEqual(await server.exited, GONE)
    assert.deepEqual(server.ports, [])
  })

  test('a reload that comes meanwhile changes nothing', async () => {
    await using server = await startServer(HOSTS.replace('hosts', 'health 127.0.0.1:0 {\n  lameduck 1s\n }\n hosts'))
    server.signal('SIGTERM')
    await server.waitForLine(/lameduck/)
    server.signal('SIGUSR1')
    await server.waitForLine(/^\[ERROR\] SIGUSR1: the server is shutting down$/)
    assert.deepEqual(await server.exited, GONE)
  })
})

suite('other signals', () => {
  test('SIGINT ends it in order', async () => {
    await using server = await startServer(HOSTS)
    server.signal('SIGINT')
    assert.deepEqual(await server.exited, GONE)
    assert.equal(server.stdout.at(-1), '[INFO] SIGINT: Shutting down')
    assert.deepEqual(server.stderr, [])
  })

  test('a second SIGINT ends it at once, with code 2', async () => {
    await using server = await startServer(HOSTS.replace('hosts', 'health 127.0.0.1:0 {\n  lameduck 1m\n }\n hosts'))
    server.signal('SIGINT')
    await server.waitForLine(/^\[INFO\] SIGINT: Shutting down$/)
    server.signal('SIGINT')
    assert.deepEqual(await server.exited, { code: 2, signal: null })
  })

  test('SIGQUIT ends it at once, with code 0', async () => {
    await using server = await startServer(HOSTS.replace('hosts', 'health 127.0.0.1:0 {\n  lameduck 1m\n }\n hosts'))
    server.signal('SIGQUIT')
    assert.deepEqual(await server.exited, GONE)
  })

  test('SIGHUP and SIGUSR2 end nothing', async () => {
    await using server = await startServer(HOSTS)
    server.signal('SIGHUP')
    server.signal('SIGUSR2')
    await server.waitForLine(/^\[WARNING\] SIGUSR2: upgrading in place is not supported/)
    assert.equal((await server.query('www.example.org')).rcode, 'NOERROR')
  })
})
