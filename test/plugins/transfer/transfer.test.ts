import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect as connectHttp } from 'node:http2'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { connect } from 'node:tls'
import { Authority, hasOpenssl } from '#test/support/certificates.ts'
import { askUdp, TcpClient } from '#test/support/client.ts'
import { queryMessage, readMessage } from '#test/support/message.ts'
import { startServer } from '#test/support/server.ts'
import { axfr, ixfrMessage, readTransfer, transfer } from '#test/support/zone-transfer.ts'
import { large, serve, zone } from './serving.ts'

const soa = (serial: number) => `example.org. 60 IN SOA ns.example.org. hostmaster.example.org. ${serial} 2 3 4 5`
const WHOLE = [
  soa(1),
  'example.org. 60 IN NS ns.example.org.',
  'ns.example.org. 60 IN A 192.0.2.53',
  'host1.example.org. 60 IN A 192.0.2.1',
  soa(1),
]
const TO_ALL = 'transfer {\n to *\n}'
const FILE = `file db example.org\ntransfer example.org {\n to *\n}`

suite('a zone', () => {
  test("is sent whole, under the client's id", async () => {
    await using served = await serve({ db: zone(1) }, FILE)
    const query = queryMessage('EXAMPLE.org.', 'AXFR', { id: 77, flags: 0, edns: true })
    const [message, ...more] = await transfer(query, served)
    assert.deepEqual(more, [])
    const { id, flags, question, edns, answer } = message!
    assert.deepEqual([id, flags, question, edns !== undefined], [77, 'qr aa', 'EXAMPLE.org. IN AXFR', true])
    assert.deepEqual(answer, WHOLE)
    assert.match(
      await served.server.waitForLine(/Outgoing/),
      /^\[INFO\] plugin\/transfer: Outgoing transfer of 5 records of zone "example\.org\." to 127\.0\.0\.1 for 1 SOA serial$/,
    )
  })

  test('is sent to a server whose IPv4 address the Corefile writes as IPv6', async () => {
    await using served = await serve({ db: zone(1) }, FILE.replace('*', '::ffff:127.0.0.1'))
    const [message] = await transfer(queryMessage('example.org.', 'AXFR'), served)
    assert.deepEqual(message!.answer, WHOLE)
  })

  test('that one message does not hold comes in several, of 16 kB each', async () => {
    await using served = await serve({ db: zone(1, 5000) }, FILE)
    const messages = await transfer(queryMessage('example.org.', 'AXFR', { id: 9 }), served)
    assert.ok(messages.length > 5, `${messages.length} messages`)
    assert.ok(messages.every(({ id, flags, raw }) => id === 9 && flags === 'qr aa rd' && raw.length < 16_384))
    const records = messages.flatMap(({ answer }) => answer)
    assert.equal(records.length, 5004)
    assert.equal(new Set(records).size, 5003)
    assert.equal(records.at(-1), soa(1))
  })

  test('is sent with all that a master file may hold, each record once, names in it as they are written', async () => {
    const more = [
      ...['*.wild MX 10 ns', 'sub NS ns.sub', 'sub NS ns.sub', 'ns.sub A 192.0.2.54', 'Alias CNAME Ns.Sub'],
      ...['odd TYPE731 \\# 3 abcdef', 'd DNAME example.net.'],
    ]
    await using served = await serve({ db: `${zone(1)}big TXT ${'"x" '.repeat(30_000)}\n${more.join('\n')}\n` }, FILE)
    const messages = await transfer(queryMessage('example.org.', 'AXFR'), served)
    const records = messages.flatMap(({ answer }) => answer)
    assert.ok(records.includes('alias.example.org. 60 IN CNAME Ns.Sub.example.org.'))
    assert.deepEqual(
      records.slice(4).map(line => line.replace(/ .* IN (\w+) .*/, ' $1')),
      [
        ...['big.example.org. TXT', '*.wild.example.org. MX', 'sub.example.org. NS', 'ns.sub.example.org. A'],
        ...['alias.example.org. CNAME', 'odd.example.org. TYPE731', 'd.example.org. DNAME', 'example.org. SOA'],
      ],
    )
    assert.ok(
      messages.some(({ raw }) => raw.length > 60_000),
      'a record that is longer than usual messages',
    )
  })

  test('is the same one to its end, though another version of it is read meanwhile', async () => {
    await using served = await serve({ db: large(1) }, 'file db example.org {\n reload 20ms\n}\ntransfer example.org {\n to *\n}')
    await using client = new TcpClient(served)
    client.send(queryMessage('example.org.', 'AXFR'))
    await once(client.socket, 'readable')
    client.socket.pause()
    await writeFile(join(served.folder, 'db'), zone(2))
    await served.server.waitForLine(/reloaded/)
    assert.equal((await axfr('example.org.', served))[0], soa(2))
    assert.ok(!served.server.lines.some(line => line.includes('for 1 SOA')), 'the first transfer is still under way')
    client.socket.resume()
    const records = (await readTransfer(client)).flatMap(({ answer }) => answer)
    assert.equal(records.length, 305)
    assert.deepEqual([records[0], records.at(-1)], [soa(1), soa(1)])
  })

  test('is refused over UDP and HTTPS, and sent over TLS', {
    skip: !hasOpenssl() && 'openssl is not on this machine',
  }, async () => {
    using authority = new Authority()
    authority.issue('server', 'IP:127.0.0.1')
    const block = `tls ${authority.path('server.pem')} ${authority.path('server.key')}\n${FILE}\n`
    const corefile = ['', 'tls://', 'https://'].map(scheme => `${scheme}.:0 {\n${block}}\n`).join('')
    await using server = await startServer(corefile, { files: { db: zone(1) } })
    const [port, tlsPort, httpsPort] = server.ports as [number, number, number]
    for (const query of [queryMessage('example.org.', 'AXFR'), ixfrMessage('example.org.', 1)])
      assert.equal(readMessage(await askUdp(query, { port })).rcode, 'REFUSED')
    assert.deepEqual(await axfr('example.org.', { port }), WHOLE)
    const ca = authority.read('ca.pem')
    await using secure = new TcpClient({ port: tlsPort }, connect({ host: '127.0.0.1', port: tlsPort, ca }))
    secure.send(queryMessage('example.org.', 'AXFR'))
    assert.deepEqual(
      (await readTransfer(secure)).flatMap(({ answer }) => answer),
      WHOLE,
    )
    const session = connectHttp(`https://127.0.0.1:${httpsPort}`, { ca })
    const asked = queryMessage('example.org.', 'AXFR').toString('base64url')
    const reply = Buffer.concat(await Array.fromAsync<Buffer>(session.request({ ':path': `/dns-query?dns=${asked}` }).end()))
    session.close()
    assert.equal(readMessage(reply).rcode, 'REFUSED')
  })
})

suite('IXFR', () => {
  const rcode = async (query: Buffer, port: number) => (await transfer(query, { port }))[0]!.rcode

  test('of the version that the client has is the SOA record alone', async () => {
    await using served = await serve({ db: zone(7) }, FILE)
    const [message] = await transfer(ixfrMessage('example.org.', 7), served)
    assert.deepEqual([message!.rcode, message!.flags, message!.answer], ['NOERROR', 'qr aa rd', [soa(7)]])
    assert.match(
      await served.server.waitForLine(/Outgoing/),
      /: Outgoing noop, incremental transfer for up to date zone "example\.org\." to 127\.0\.0\.1 for 7 SOA serial$/,
    )
  })

  test('of any other is the whole zone', async () => {
    await using served = await serve({ db: zone(1) }, FILE)
    for (const serial of [0, 2, 0xffffffff]) {
      const [message] = await transfer(ixfrMessage('example.org.', serial), served)
      assert.deepEqual(message!.answer, WHOLE)
    }
  })

  test('without an SOA record to compare is a failure', async () => {
    await using served = await serve({ db: zone(1) }, FILE)
    assert.equal(await rcode(queryMessage('example.org.', 'IXFR'), served.port), 'SERVFAIL')
    await served.server.waitForLine(/SOA record of what the client has/)
    const cut = ixfrMessage('example.org.', 1)
    const lengthAt = cut.lastIndexOf(Buffer.of(0, 6, 0, 1)) + 8
    cut.writeUInt16BE(cut.readUInt16BE(lengthAt) - 4, lengthAt)
    assert.equal(await rcode(cut.subarray(0, -4), served.port), 'SERVFAIL')
    const other = ixfrMessage('example.org.', 1)
    other.writeUInt16BE(16, other.lastIndexOf(Buffer.of(0, 6, 0, 1)))
    assert.equal(await rcode(other, served.port), 'SERVFAIL')
  })
})

suite('who gets a zone', () => {
  const policies = (lines: string) =>
    serve({ db: zone(1), sub: zone(2, 1, 'a.example.org.') }, `file db example.org\nfile sub a.example.org\n${lines}`)
  const first = async (name: string, port: number) => (await axfr(name, { port }))[0]!.replace(/^.* SOA .* (\d) 2 3 4 5$/, '$1')

  test('is who is listed, by address', async () => {
    await using open = await policies('transfer example.org {\n to 192.0.2.1 127.0.0.1:1\n}')
    await using closed = await policies('transfer example.org {\n to 192.0.2.1 [::ffff:7f00:2]:53\n}')
    assert.equal(await first('example.org.', open.port), '1')
    assert.equal(await first('example.org.', closed.port), 'REFUSED')
  })

  test('is told by the longest zone, not by the longest text or the first line', async () => {
    for (const lines of [
      'transfer example.org {\n to *\n}\ntransfer a.example.org {\n to 192.0.2.1\n}',
      'transfer a.example.org {\n to 192.0.2.1\n}\ntransfer example.org {\n to *\n}',
    ]) {
      await using served = await policies(lines)
      assert.equal(await first('example.org.', served.port), '1')
      assert.equal(await first('a.example.org.', served.port), 'REFUSED')
    }
    await using other = await policies('transfer example.org {\n to 192.0.2.1\n}\ntransfer a.example.org {\n to *\n}')
    assert.equal(await first('example.org.', other.port), 'REFUSED')
    assert.equal(await first('a.example.org.', other.port), '2')
  })

  test('is told by the first line of those for one zone, and the others are warned of', async () => {
    await using served = await policies('transfer example.org {\n to *\n}\ntransfer example.org {\n to 192.0.2.1\n}')
    assert.equal(await first('example.org.', served.port), '1')
    await served.server.waitForLine(
      /^\[WARNING\] plugin\/transfer: .*zone example\.org\. has several uses of transfer: the first one counts/,
    )
  })

  test('is nobody where the name is no zone, or the zone is not transferred', async () => {
    await using served = await policies('transfer example.org {\n to *\n}\nscript')
    const asked: string[] = []
    served.server.script = query => {
      asked.push(query.name)
      throw new Error('asked')
    }
    assert.equal(await first('ns.example.org.', served.port), 'REFUSED')
    assert.equal(await first('example.net.', served.port), 'SERVFAIL')
    assert.deepEqual(asked, ['example.net.'])
    await using elsewhere = await policies('transfer example.net {\n to *\n}')
    assert.equal(await first('example.org.', elsewhere.port), 'REFUSED')
  })

  test('is nobody until the zone is read', async () => {
    await using served = await serve({}, FILE)
    assert.equal(await first('example.org.', served.port), 'SERVFAIL')
    await served.server.waitForLine(/^\[ERROR\] .*zone example\.org\. is not read yet/)
  })
})

suite('clients that do not read', () => {
  test('are cut off, and are told of in the log', async () => {
    await using served = await serve({ db: large(1) }, `${FILE}\ntimeouts {\n write 1s\n}`)
    await using client = new TcpClient(served)
    client.socket.pause()
    client.send(queryMessage('example.org.', 'AXFR'))
    assert.match(
      await served.server.waitForLine(/Outgoing/),
      /^\[WARNING\] plugin\/transfer: Outgoing transfer of zone "example\.org\." to 127\.0\.0\.1 for 1 SOA serial ended early, behind \d+ records$/,
    )
    client.socket.resume()
    await assert.rejects(readTransfer(client), /the connection ended behind \d+ records/)
  })

  test('do not hold the end of the server up', async () => {
    await using served = await serve({ db: large(1) }, FILE)
    await using client = new TcpClient(served)
    client.send(queryMessage('example.org.', 'AXFR'))
    await once(client.socket, 'readable')
    client.socket.pause()
    const began = performance.now()
    await served.server.server.shutdown()
    assert.ok(performance.now() - began < 7000, `${performance.now() - began} ms`)
  })

  test('hold nobody else up, until there are too many of them', async () => {
    await using served = await serve(
      { db: large(1), small: zone(3, 1, 'example.net.') },
      `file db example.org\nfile small example.net\ntransfer example.org example.net {\n to *\n}`,
    )
    await using clients = new AsyncDisposableStack()
    const slow = Array.from({ length: 20 }, () => clients.use(new TcpClient(served)))
    for (const client of slow) {
      client.socket.pause()
      client.send(queryMessage('example.org.', 'AXFR'))
      await once(client.socket, 'connect')
    }
    const late = AbortSignal.timeout(5000)
    for (;;) {
      late.throwIfAborted()
      assert.deepEqual((await served.server.query('host1.example.org')).answer, ['host1.example.org. 60 IN A 192.0.2.1'])
      const [record] = await axfr('example.net.', served)
      if (record === 'SERVFAIL') break
      assert.match(record!, /SOA/)
    }
    await served.server.waitForLine(/more than 20 zone transfers under way/)
    slow[0]!.socket.destroy()
    while (!/SOA/.test((await axfr('example.net.', served))[0]!)) late.throwIfAborted()
  })
})

test('names are those that the client asked for, though *rewrite* looked for others', async () => {
  await using served = await serve(
    { db: zone(1, 2000) },
    `rewrite stop {\n name suffix example.com example.org answer auto\n}\n${FILE}`,
  )
  const records = await axfr('example.com.', served)
  assert.equal(records.length, 2004)
  assert.ok(records.every(line => /(^|\.)example\.com\. /.test(line)))
})

test('the server block answers for a zone that none of its plugins has', async () => {
  await using served = await serve({}, `hosts {\n 192.0.2.1 www.example.org\n}\n${TO_ALL}\nscript`)
  assert.equal((await axfr('example.org.', served))[0], 'SERVFAIL')
})
