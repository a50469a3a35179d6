import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { after, before, suite, test } from 'node:test'
import { connect } from 'node:tls'
import { timeouts } from '#plugins/timeouts/index.ts'
import { Authority, hasOpenssl } from '#test/support/certificates.ts'
import { TcpClient } from '#test/support/client.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { refuses } from '#test/support/directive.ts'
import { InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { startServer } from '#test/support/server.ts'

const message = queryMessage('example.org', 'A')

/** How many queries a connection brings that sends `count`, one after the other. */
async function brings(client: TcpClient, count: number): Promise<number> {
  for (let n = 0; n < count; n++) {
    client.send(message)
    if (!(await client.next())) return n
  }
  return count
}

/** Milliseconds until the server ends a connection, `octets` being sent at its beginning. */
async function lasts(client: TcpClient, octets: Uint8Array = Buffer.alloc(0)): Promise<number> {
  const start = performance.now()
  client.socket.write(octets)
  while (await client.next());
  return performance.now() - start
}

const frame = Buffer.concat([Buffer.of(0, message.length), message])

for (const [lines, counts] of [
  ['maxtcpqueries 1', [1, 1]],
  ['maxtcpqueries 3', [3, 3]],
  ['maxtcpqueries -1', [20, 20]],
  ['idle 5s', [20, 20]],
] as const)
  test(`${lines}: a connection brings ${counts[0]} of 20 queries, as to CoreDNS`, async t => {
    const block = `timeouts {\n${lines}\n}\nwhoami`
    await using ours = await startInProcess(block)
    await using client = new TcpClient(ours)
    assert.equal(await brings(client, 20), counts[0])
    if (noCoreDns()) return t.diagnostic('coredns is not on this machine')
    await using theirs = await CoreDns.start(`. {\n${block}\n}\n`)
    await using other = new TcpClient(theirs)
    assert.equal(await brings(other, 20), counts[1])
  })

test('what came with the last query is not answered', async () => {
  await using server = await startInProcess('timeouts {\nmaxtcpqueries 3\n}\nwhoami')
  await using client = new TcpClient(server)
  client.send(...[1, 2, 3, 4, 5].map(id => queryMessage('example.org', 'A', { id })))
  const ids: number[] = []
  for (let reply = await client.next(); reply; reply = await client.next()) ids.push(readAnswer(reply).id)
  assert.deepEqual(ids, [1, 2, 3])
})

test('a connection that brings nothing, or no whole message, ends in its time', async () => {
  await using server = await startInProcess('timeouts {\nread 2s\nidle 1\n}\nwhoami')
  await using quiet = new TcpClient(server)
  await using slow = new TcpClient(server)
  await using idle = new TcpClient(server)
  const times = await Promise.all([lasts(quiet), lasts(slow, frame.subarray(0, 9)), lasts(idle, frame)])
  for (const [i, least] of [2000, 2000, 1000].entries()) assert.ok(times[i]! > least - 50 && times[i]! < least + 900, `${times}`)
})

test('a reload changes the limits of connections to come; of several blocks the last that has an option says it', async () => {
  await using server = new InProcessServer('.:0 {\ntimeouts {\nmaxtcpqueries 1\n}\nwhoami\n}\n')
  await server.server.start()
  const count = async () => {
    await using client = new TcpClient(server)
    return await brings(client, 6)
  }
  assert.equal(await count(), 1)
  server.corefile = `.:0 {\ntimeouts {\nmaxtcpqueries 2\n}\nwhoami\n}\nexample.net:0 {\ntimeouts {\nmaxtcpqueries 4\n}\n}\nexample.com:0 {\ntimeouts {\nread 5s\n}\n}\n`
  await server.server.reload()
  assert.equal(await count(), 4)
  server.corefile = '.:0 {\nwhoami\n}\n'
  await server.server.reload()
  assert.equal(await count(), 6)
})

suite('over TLS', { skip: !hasOpenssl() && 'openssl is not on this machine' }, () => {
  let authority: Authority
  before(() => {
    authority = new Authority()
    authority.issue('server', 'IP:127.0.0.1')
  })
  after(() => authority[Symbol.dispose]())

  const start = (scheme: string, lines: string) =>
    startServer(
      `${scheme}://.:0 {\ntls ${authority.path('server.pem')} ${authority.path('server.key')}\ntimeouts {\n${lines}\n}\nwhoami\n}\n`,
    )

  test('a connection brings so many queries', async () => {
    await using server = await start('tls', 'maxtcpqueries 2')
    const stream = connect({ port: server.port, host: '127.0.0.1', ca: authority.read('ca.pem') })
    await using client = new TcpClient(server, stream)
    assert.equal(await brings(client, 5), 2)
  })

  test('hands must be shaken in the time for reading', async () => {
    await using server = await start('tls', 'read 1s')
    await using client = new TcpClient(server)
    const time = await lasts(client)
    assert.ok(time > 950 && time < 2500, `${time}`)
  })

  test('half a request is given up in the time for reading, and its session stays', async () => {
    await using server = await start('https', 'read 1s\nidle 10m')
    const session = connectHttp2(`https://127.0.0.1:${server.port}`, { ca: authority.read('ca.pem') })
    const begun = performance.now()
    const stream = session.request(
      { ':method': 'POST', ':path': '/dns-query', 'content-type': 'application/dns-message' },
      { endStream: false },
    )
    stream.on('error', () => {})
    stream.write(message.subarray(0, 9))
    await once(stream, 'close', { signal: AbortSignal.timeout(60_000) })
    assert.equal(stream.rstCode, 8)
    assert.ok(performance.now() - begun > 900)
    assert.ok(!session.closed)
    session.destroy()
  })

  test('a session that brings nothing ends in the time for that', async () => {
    await using server = await start('https', 'read 10m\nidle 1s')
    const begun = performance.now()
    const session = connectHttp2(`https://127.0.0.1:${server.port}`, { ca: authority.read('ca.pem') })
    await once(session, 'close', { signal: AbortSignal.timeout(60_000) })
    assert.ok(performance.now() - begun > 900)
  })
})

test('mistakes are named', () => {
  for (const [lines, message] of [
    ['', /timeouts block with no timeouts specified/],
    ['{\n}', /timeouts block with no timeouts specified/],
    ['read 1s', /expected no more arguments/],
    ['{\n read\n}', /expected DURATION/],
    ['{\n read 1s 2s\n}', /expected no more arguments/],
    ['{\n read x\n}', /DURATION must be a duration such as 5s or 1m30s: 'x'/],
    ['{\n read 999ms\n}', /DURATION is out of range: '999ms'/],
    ['{\n idle 0\n}', /DURATION is out of range: '0'/],
    ['{\n write 24h1s\n}', /DURATION is out of range: '24h1s'/],
    ['{\n write -5s\n}', /DURATION is out of range: '-5s'/],
    ['{\n maxtcpqueries 0\n}', /maxtcpqueries must be -1 \(unlimited\) or a positive integer: '0'/],
    ['{\n maxtcpqueries -2\n}', /MAXIMUM must be a whole number of at least -1: '-2'/],
    ['{\n maxtcpqueries 1s\n}', /MAXIMUM must be a whole number/],
    ['{\n foo 1s\n}', /unknown property 'foo'/],
  ] as const)
    refuses(timeouts, `timeouts ${lines}`, message)
})

test('times are read as CoreDNS reads them', async t => {
  if (noCoreDns()) return t.skip('coredns is not on this machine')
  for (const lines of [
    'read 1',
    'read 1s',
    'idle 24h',
    'write 86400',
    'read 86401',
    'read 999ms',
    'read 1.5',
    'read 1.5s',
    'read 0',
    'idle -1',
    'maxtcpqueries 0',
    'maxtcpqueries -1',
    'maxtcpqueries x',
  ]) {
    const block = `timeouts {\n${lines}\n}\nwhoami`
    const loads = async (start: Promise<AsyncDisposable>) =>
      start.then(
        async server => {
          await server[Symbol.asyncDispose]()
          return true
        },
        () => false,
      )
    assert.deepEqual([lines, await loads(startInProcess(block))], [lines, await loads(CoreDns.start(`. {\n${block}\n}\n`))])
  }
})
