/** What clients ask and are told. */
import assert from 'node:assert/strict'
import { connect as connectHttp2 } from 'node:http2'
import { hostname } from 'node:os'
import { suite, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { SET } from '#src/clock.ts'
import { toOctets } from '#src/dns/address.ts'
import { toKey } from '#src/dns/name.ts'
import { SectionsBuilder } from '#src/dns/sections.ts'
import { answer, failure, Reply } from '#src/plugin.ts'
import { Authority, hasOpenssl } from '#test/support/certificates.ts'
import { askUdp, TcpClient } from '#test/support/client.ts'
import { Collector, socketPath, type Tapped } from '#test/support/dnstap.ts'
import { InProcessServer, startInFolder, startInProcess, writeFiles } from '#test/support/in-process.ts'
import { queryMessage, readAnswer } from '#test/support/message.ts'

const key = toKey('www.example.org')
const addresses = (count: number) => {
  const builder = new SectionsBuilder(key)
  for (let i = 0; i < count; i++) builder.address(key, 60, toOctets(`192.0.2.${i}`)!)
  return builder.build()
}

/** A server whose lines are these, behind one that taps it. */
async function tapped(lines: string, { tap = 'full', block = '' } = {}) {
  const collector = await Collector.start()
  const server = await startInProcess(`dnstap tcp://127.0.0.1:${collector.port} ${tap} {\n${block}\n}\n${lines}\nscript`)
  const dispose = async () => {
    await server[Symbol.asyncDispose]()
    await collector[Symbol.asyncDispose]()
  }
  return { server, collector, [Symbol.asyncDispose]: dispose }
}

const shape = ({ queryTime, responseTime, queryPort, queryMessage, responseMessage, ...rest }: Tapped) => rest

test('a query and its response, as they were on the wire', async () => {
  await using socket = await socketPath()
  await using collector = await Collector.start({ path: socket.path })
  await using server = await startInProcess(`dnstap ${socket.path} full\nscript`)
  server.script = () => answer(addresses(2))
  const [message, before] = [queryMessage('WWW.Example.ORG', 'A', { edns: { options: [[10, Buffer.alloc(8)]] } }), Date.now()]
  const reply = await askUdp(message, { port: server.port })
  const after = Date.now() + 1
  const [query, response] = await collector.received(2)
  const common = {
    identity: hostname(),
    version: 'istio-coredns-test',
    family: 'INET',
    protocol: 'UDP',
    queryAddress: '127.0.0.1',
  }
  assert.deepEqual(shape(query!), { ...common, type: 'CLIENT_QUERY' })
  assert.deepEqual(shape(response!), { ...common, type: 'CLIENT_RESPONSE' })
  assert.deepEqual(query!.queryMessage, message)
  assert.deepEqual(response!.responseMessage, reply)
  assert.equal(response!.queryMessage, undefined)
  assert.ok(query!.queryPort! > 0)
  assert.equal(response!.queryPort, query!.queryPort)
  assert.equal(response!.queryTime, query!.queryTime)
  assert.ok(before - SET <= query!.queryTime! && query!.queryTime! < response!.responseTime!)
  assert.ok(response!.responseTime! <= after + SET)
})

test('without `full`, messages are told of and not told; identity, version and extra are as they are set', async () => {
  const block = ' identity NAME\n version "VER 1"\n extra "{name} {type} {proto} {rcode} {rsize} {/none} {x"'
  await using tap = await tapped('', { tap: '', block })
  const { server, collector } = tap
  await server.query('www.example.org', 'MX')
  const common = { identity: 'NAME', version: 'VER 1', extra: 'www.example.org. MX udp - - - {x', family: 'INET', protocol: 'UDP', queryAddress: '127.0.0.1' } // biome-ignore format: one line
  assert.deepEqual((await collector.received(2)).map(shape), [
    { ...common, type: 'CLIENT_QUERY' },
    { ...common, type: 'CLIENT_RESPONSE' },
  ])
  assert.ok(collector.messages.every(({ queryMessage, responseMessage }) => !queryMessage && !responseMessage))
})

suite('the response is what the client got', () => {
  const replies: readonly (readonly [name: string, reply: () => Reply | Promise<Reply>, rcode: string])[] = [
    ['cut', () => answer(addresses(100)), 'NOERROR'],
    ['shuffled', () => Object.assign(answer(addresses(20)), { shuffle: true }), 'NOERROR'],
    ['with another TTL', () => Object.assign(answer(addresses(1)), { ttl: 7 }), 'NOERROR'],
    ['later', async () => answer(addresses(1)), 'NOERROR'],
    ['a failure', () => failure('lost'), 'SERVFAIL'],
    ['an error', () => assert.fail('thrown'), 'SERVFAIL'],
    ['a refusal', () => new Reply(5), 'REFUSED'],
  ]
  for (const [name, reply, rcode] of replies)
    test(name, async () => {
      await using tap = await tapped('')
      const { server, collector } = tap
      server.script = reply
      const sent = await server.query('www.example.org')
      assert.equal(sent.rcode, rcode)
      const [, response] = await collector.received(2)
      assert.deepEqual(response!.responseMessage, sent.raw)
    })
})

test('a client that hears nothing: the query alone', async () => {
  await using tap = await tapped('')
  const { server, collector } = tap
  let asked = () => {}
  const silenced = new Promise<void>(resolve => (asked = resolve))
  server.script = query => {
    if (query.name === 'www.example.org.') return answer(addresses(1))
    asked()
    return Object.assign(new Reply(0), { silent: true })
  }
  await using client = new TcpClient({ port: server.port })
  client.send(queryMessage('silent.example.org', 'A'))
  await silenced
  await server.query('www.example.org')
  await collector.received(3)
  assert.deepEqual(
    collector.messages.map(({ type, protocol }) => `${type} ${protocol}`),
    ['CLIENT_QUERY TCP', 'CLIENT_QUERY UDP', 'CLIENT_RESPONSE UDP'],
  )
})

test('what the server asks itself is no message', async () => {
  await using tap = await tapped('rewrite cname exact target.example.org. other.example.org.')
  const { server, collector } = tap
  const asked: string[] = []
  server.script = query => {
    asked.push(`${query.name} ${query.depth}`)
    if (query.name !== 'www.example.org.') return answer(addresses(1))
    return answer(new SectionsBuilder(key).name(key, 5, 60, toKey('target.example.org')).build())
  }
  await server.query('www.example.org')
  assert.deepEqual(asked, ['www.example.org. 0', 'other.example.org. 1'])
  await server.query('last.example.org')
  await collector.received(4)
  assert.equal(collector.messages.length, 4)
})

test('a message that is no query is not told of', async () => {
  await using tap = await tapped('')
  const { server, collector } = tap
  assert.equal((await server.query('www.example.org', 'A', { opcode: 4 })).rcode, 'NOTIMP')
  await server.query('www.example.org')
  await collector.received(2)
  assert.deepEqual(
    collector.messages.map(({ type }) => type),
    ['CLIENT_QUERY', 'CLIENT_RESPONSE'],
  )
})

test('a zone that is transferred: each message', async () => {
  await using collector = await Collector.start()
  const records = Array.from({ length: 3000 }, (_, i) => `host${i} A 192.0.2.1\n`).join('')
  const zone = `$ORIGIN example.org.\n$TTL 60\n@ SOA ns hostmaster 1 2 3 4 5\n@ NS ns\nns A 192.0.2.53\n${records}`
  const lines = `dnstap tcp://127.0.0.1:${collector.port} full\nfile zone example.org\ntransfer {\n to *\n}`
  await using served = await startInFolder(folder => writeFiles(folder, { zone }), lines)
  await using client = new TcpClient({ port: served.server.port })
  client.send(queryMessage('example.org', 'AXFR'))
  const messages: Buffer[] = []
  for (let records = 0; records < 3004; ) {
    const message = (await client.next())!
    messages.push(message)
    records += message.readUInt16BE(6)
  }
  assert.ok(messages.length > 1)
  await collector.received(1 + messages.length)
  assert.deepEqual(
    collector.messages.map(({ responseMessage }) => responseMessage),
    [undefined, ...messages],
  )
})

test('several lines: to each, what it is to have', async () => {
  await using first = await Collector.start()
  await using second = await Collector.start()
  await using server = await startInProcess(
    `dnstap tcp://127.0.0.1:${first.port} full {\n identity FIRST\n}\ndnstap tcp://127.0.0.1:${second.port} {\n identity SECOND\n}\nwhoami`,
  )
  await server.query('www.example.org')
  for (const [collector, identity, full] of [
    [first, 'FIRST', true],
    [second, 'SECOND', false],
  ] as const) {
    // biome-ignore format: one line
    const [query, response] = await collector.received(2)
    assert.equal(query!.identity, identity)
    assert.equal(query!.queryMessage !== undefined, full)
    assert.equal(response!.responseMessage !== undefined, full)
  }
})

test('lines of one collector share a connection', async () => {
  await using collector = await Collector.start()
  const to = `tcp://127.0.0.1:${collector.port}`
  await using server = await startInProcess(`dnstap ${to} {\n extra one\n}\ndnstap ${to} {\n extra two\n}\nwhoami`)
  await server.query('www.example.org')
  await collector.received(4)
  assert.deepEqual(
    collector.messages.map(({ extra }) => extra),
    ['one', 'two', 'one', 'two'],
  )
  assert.equal(collector.connections, 1)
})

test('IPv6 and TCP', async () => {
  await using tap = await tapped('')
  const { server, collector } = tap
  await server.queryTcp('www.example.org')
  const port = server.server.zones.at(-1)!.port
  await askUdp(queryMessage('www.example.org', 'A'), { port, address: '::1' })
  const common = { identity: hostname(), version: 'istio-coredns-test' }
  assert.deepEqual((await collector.of('CLIENT_QUERY', 2)).map(shape), [
    { ...common, type: 'CLIENT_QUERY', family: 'INET', protocol: 'TCP', queryAddress: '127.0.0.1' },
    { ...common, type: 'CLIENT_QUERY', family: 'INET6', protocol: 'UDP', queryAddress: '::1' },
  ])
})

test('TLS and HTTPS', { skip: !hasOpenssl() && 'openssl is not on this machine' }, async () => {
  using authority = new Authority()
  authority.issue('server', 'IP:127.0.0.1')
  await using collector = await Collector.start()
  const ca = authority.read('ca.pem')
  const files = `${authority.path('server.pem')} ${authority.path('server.key')}`
  const block = (label: string) => `${label}://.:0 {\n tls ${files}\n dnstap tcp://127.0.0.1:${collector.port} full\n whoami\n}\n`
  await using server = new InProcessServer(block('tls') + block('https'))
  await server.server.start()
  const [tls, https] = server.server.zones.map(({ port }) => port)
  const message = queryMessage('www.example.org', 'A')
  await using client = new TcpClient({ port: tls! }, connectTls({ host: '127.0.0.1', port: tls!, ca }))
  client.send(message)
  const overTls = await client.next()
  const session = connectHttp2(`https://127.0.0.1:${https}`, { ca })
  const stream = session.request({ ':path': `/dns-query?dns=${message.toString('base64url')}` })
  const overHttps = Buffer.concat(await Array.fromAsync<Buffer>(stream))
  session.destroy()
  assert.equal(readAnswer(overHttps).rcode, 'NOERROR')
  await collector.received(4)
  for (const [protocol, reply] of [
    ['DOT', overTls],
    ['DOH', overHttps],
  ] as const) {
    // biome-ignore format: one line
    const [query, response] = collector.messages.filter(each => each.protocol === protocol)
    assert.deepEqual([query!.type, query!.queryMessage], ['CLIENT_QUERY', message])
    assert.deepEqual([response!.type, response!.responseMessage], ['CLIENT_RESPONSE', reply])
  }
})
