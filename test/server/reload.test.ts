import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { delayed, zone } from '#test/support/scripts.ts'
import { runServer, type ServerProcess, startServer } from '#test/support/server.ts'
import { startUpstream } from '#test/support/upstream.ts'
import { openBurst } from './burst.ts'

/** A block that answers www.example.org with `address`. */
const block = (label: string, address: string, more = '') =>
  `${label} {\n${more} hosts /dev/null {\n  ${address} www.example.org\n }\n}\n`

const answerOf = async (server: ServerProcess, port = server.port) =>
  (await server.query('www.example.org', 'A', { port })).answer.map(line => line.split(' ').at(-1))

/** Writes the Corefile, signals, and waits for the line that tells how it went. */
async function reload(server: ServerProcess, corefile: string, outcome = /^\[INFO\] Reloading complete$/): Promise<string> {
  const from = server.stdout.length
  await writeFile(server.path('Corefile'), corefile)
  server.signal('SIGUSR1')
  return await server.waitForLine(outcome, { from })
}

suite('SIGUSR1', () => {
  test('a changed file is served', async () => {
    await using server = await startServer(block('.:0', '192.0.2.1'))
    assert.deepEqual(await answerOf(server), ['192.0.2.1'])
    await reload(server, block('.:0', '192.0.2.2'))
    assert.deepEqual(await answerOf(server), ['192.0.2.2'])
    assert.deepEqual(server.stdout.slice(-3), ['[INFO] SIGUSR1: Reloading', '[INFO] Reloading', '[INFO] Reloading complete'])
  })

  const broken: readonly (readonly [name: string, corefile: string, line: RegExp])[] = [
    ['a word that is unknown', '.:0 {\n  hots\n}\n', /Corefile:2 - Error during parsing: Unknown directive 'hots' \(column 3, did you mean 'hosts'\?\)/],
    ['a brace that is missing', '.:0 {\n  whoami\n', /Corefile:1 - Syntax error: Unexpected EOF, expecting '\}' \(column 5\)/],
    ['an option that is wrong', '.:0 {\n  hosts {\n    ttl never\n  }\n}\n', /plugin\/hosts: .*Corefile:3 - Error during parsing: .*'never' \(column 9\)/],
    ['a zone that is served twice', '.:0 {\n}\n.:0 {\n}\n', /cannot serve dns:\/\/\.:0 - it is already defined/],
    ['an address that the machine does not have', '.:0 {\n bind 192.0.2.1\n}\n', /listen dns:\/\/192\.0\.2\.1:0: .*EADDRNOTAVAIL/],
  ] // biome-ignore format: a table

  test('a file that is wrong changes nothing, and is told in one line', async () => {
    await using server = await startServer(block('.:0', '192.0.2.1'))
    for (const [name, corefile, expected] of broken) {
      const from = server.stdout.length
      const line = await reload(server, corefile, /^\[ERROR\]/)
      assert.match(line, new RegExp(`^\\[ERROR\\] SIGUSR1: .*${expected.source}`), name)
      assert.equal(server.stdout.length, from + 3, name)
      assert.deepEqual(await answerOf(server), ['192.0.2.1'], name)
    }
    await reload(server, block('.:0', '192.0.2.2'))
    assert.deepEqual(await answerOf(server), ['192.0.2.2'])
    assert.deepEqual(server.stderr, [])
  })

  test('what a file is warned of is told when it is new', async () => {
    const more = 'import nothing/*.conf\n'
    await using server = await startServer(block('.:0', '192.0.2.1') + more)
    const warning = '[WARNING] No files matching import glob pattern: nothing/*.conf'
    assert.equal(server.stdout[0], warning)
    await reload(server, block('.:0', '192.0.2.2') + more)
    assert.deepEqual(
      server.stdout.slice(1).filter(line => line === warning),
      [],
    )
    await reload(server, block('.:0', '192.0.2.2'))
    await reload(server, block('.:0', '192.0.2.1') + more)
    assert.deepEqual(
      server.stdout.slice(1).filter(line => line === warning),
      [warning],
    )
  })

  test('a file that is gone changes nothing', async () => {
    await using server = await startServer(block('.:0', '192.0.2.1'))
    await rm(server.path('Corefile'))
    server.signal('SIGUSR1')
    await server.waitForLine(/^\[ERROR\] SIGUSR1: .*Corefile cannot be read: ENOENT: /)
    assert.deepEqual(await answerOf(server), ['192.0.2.1'])
  })

  test('a port that is taken leaves everything as it was, and opens no other', async () => {
    const [first, second] = [await freePort(), await freePort()]
    await using holder = createServer().listen(second, '127.0.0.1')
    await once(holder, 'listening')
    await using server = await startServer(block('.:0', '192.0.2.1'))
    const wanted =
      block('.:0', '192.0.2.2') + block(`.:${first}`, '192.0.2.3') + block(`.:${second}`, '192.0.2.4', ' bind 127.0.0.1\n')
    await reload(server, wanted, new RegExp(`^\\[ERROR\\] SIGUSR1: listen dns://127\\.0\\.0\\.1:${second}: .*EADDRINUSE`))
    assert.deepEqual(await answerOf(server), ['192.0.2.1'])
    await assert.rejects(answerOf(server, first), { code: 'ECONNREFUSED' })
    holder.close()
    await reload(server, wanted)
    assert.deepEqual([await answerOf(server), await answerOf(server, first), await answerOf(server, second)], [['192.0.2.2'], ['192.0.2.3'], ['192.0.2.4']]) // biome-ignore format: one line
  })

  test('a port whose listener would have to close first leaves everything as it was', async () => {
    const port = await freePort()
    const bound = block(`.:${port}`, '192.0.2.1', ' bind 127.0.0.1\n')
    await using server = await startServer(bound)
    const refused = (to: string, from: string) =>
      new RegExp(`^\\[ERROR\\] SIGUSR1: ${to} cannot be opened before ${from} is closed, which takes a restart of the server$`)
    const [some, all, grpc] = [`dns://127\\.0\\.0\\.1:${port}`, `dns://:${port}`, `grpc://127\\.0\\.0\\.1:${port}`]
    await reload(server, block(`.:${port}`, '192.0.2.2'), refused(all, some))
    await reload(server, bound.replace('.:', 'grpc://.:'), refused(grpc, some))
    assert.deepEqual(await answerOf(server), ['192.0.2.1'])
    await reload(server, bound.replace('192.0.2.1', '192.0.2.3'))
    assert.deepEqual(await answerOf(server), ['192.0.2.3'])
  })

  test('new ports open, old ones close, connections to the others stay', async () => {
    const [first, second] = [await freePort(), await freePort()]
    await using server = await startServer(block('.:0', '192.0.2.1') + block(`.:${first}`, '192.0.2.2'))
    await using staying = server.connect()
    await using leaving = server.connect({ port: first })
    for (const client of [staying, leaving]) {
      client.send(queryMessage('www.example.org', 'A'))
      await client.next()
    }
    await reload(server, block('.:0', '192.0.2.3') + block(`.:${second}`, '192.0.2.4'))
    assert.deepEqual(await answerOf(server, second), ['192.0.2.4'])
    await assert.rejects(answerOf(server, first), { code: 'ECONNREFUSED' })
    await assert.rejects(server.queryTcp('www.example.org', 'A', { port: first }))
    assert.equal(await leaving.next(), undefined)
    staying.send(queryMessage('www.example.org', 'A'))
    assert.deepEqual(readAnswer((await staying.next())!).answer, ['www.example.org. 3600 IN A 192.0.2.3'])
  })

  test('blocks of one zone on several ports keep each its own cache, also when another stands before them', async () => {
    const record = (address: string) => `www.example.org. 300 IN A ${address}`
    await using one = await startUpstream(zone(record('192.0.2.1')))
    await using other = await startUpstream(zone(record('192.0.2.2')))
    const [first, second] = [await freePort(), await freePort()]
    const caching = (port: number, to: string) => `.:${port} {\n cache\n forward . ${to}\n}\n`
    const corefile = caching(first, one.to) + caching(second, other.to)
    await using server = await startServer(corefile)
    const answers = async () => [await answerOf(server, first), await answerOf(server, second)]
    const expected = [['192.0.2.1'], ['192.0.2.2']]
    assert.deepEqual(await answers(), expected)
    await reload(server, corefile)
    assert.deepEqual(await answers(), expected)
    await reload(server, block('.:0', '192.0.2.3') + corefile)
    assert.deepEqual(await answers(), expected)
    assert.deepEqual([one.seen.length, other.seen.length], [1, 1], 'both caches were taken over')
  })

  test('no query is lost, or answered otherwise, while it reloads twenty times', async () => {
    await using server = await startServer(block('.:0', '192.0.2.1'))
    await using burst = await openBurst()
    let streaming = true
    const stream = (async () => {
      while (streaming) {
        await burst.send(5, 'www.example.org', server.port)
        await sleep(1)
      }
    })()
    for (let i = 0; i < 20; i++) {
      // Every other time there is another port, to be opened and closed again.
      await reload(
        server,
        block('.:0', `192.0.2.${i}`) + (i % 2 ? block('example.org:0', '192.0.2.99', ' bind 127.0.0.2\n') : ''),
      )
      assert.deepEqual(await answerOf(server), [`192.0.2.${i}`])
    }
    streaming = false
    await stream
    await burst.settle()
    assert.ok(burst.sent > 200, `${burst.sent} queries`)
    assert.equal(burst.answered, burst.sent)
    assert.deepEqual([...burst.rcodes.keys()], [0])
  })

  test('a port under fire is closed all the same', async () => {
    const port = await freePort()
    await using server = await startServer(block('.:0', '192.0.2.1') + block(`.:${port}`, '192.0.2.2'))
    await using burst = await openBurst()
    let streaming = true
    const stream = (async () => {
      for (; streaming; await sleep(0)) await burst.send(20, 'www.example.org', port)
    })()
    await reload(server, block('.:0', '192.0.2.3'))
    streaming = false
    await stream
    assert.deepEqual(await answerOf(server), ['192.0.2.3'])
  })

  test('a query that waits is answered by the chain that took it', async () => {
    await using upstream = await startUpstream(
      delayed(500, zone('a.example.org. 5 IN A 192.0.2.9', 'b.example.org. 5 IN A 192.0.2.9')),
    )
    await using server = await startServer(`.:0 {\n forward . ${upstream.to}\n}\n`)
    const asked = [server.query('a.example.org'), server.queryTcp('b.example.org')]
    await upstream.saw(2)
    await writeFile(server.path('Corefile'), block('.:0', '192.0.2.1'))
    server.signal('SIGUSR1')
    for (const { answer } of await Promise.all(asked)) assert.match(answer.join(), /^[ab]\.example\.org\. 5 IN A 192\.0\.2\.9$/)
    await server.waitForLine(/Reloading complete/)
    assert.deepEqual(await answerOf(server), ['192.0.2.1'])
  })

  test('a file that changes again while it is loaded is loaded again', async () => {
    await using upstream = await startUpstream(delayed(1000, zone('slow.example.org. 5 IN A 192.0.2.9')))
    await using server = await startServer(`.:0 {\n forward . ${upstream.to}\n}\n`)
    // A query that waits keeps the first reload going.
    const asked = server.query('slow.example.org')
    await upstream.saw(1)
    await writeFile(server.path('Corefile'), block('.:0', '192.0.2.1'))
    server.signal('SIGUSR1')
    while ((await answerOf(server))[0] !== '192.0.2.1') await sleep(5)
    await reload(server, block('.:0', '192.0.2.2'), /^\[INFO\] Reloading$/)
    await asked
    const deadline = performance.now() + 5000
    while ((await answerOf(server))[0] !== '192.0.2.2') {
      assert.ok(performance.now() < deadline, server.output)
      await sleep(20)
    }
  })

  test('what came through standard input stays as it is', async () => {
    await using server = await runServer('', { args: ['-conf', 'stdin'], input: block('.:0', '192.0.2.1') })
    await server.waitForLine(/^\w+\/\w+, node v/)
    server.signal('SIGUSR1')
    await server.waitForLine(/Reloading complete/)
    assert.deepEqual(await answerOf(server), ['192.0.2.1'])
  })
})
