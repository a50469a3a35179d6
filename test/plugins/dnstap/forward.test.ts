/** What goes to other servers, and what they answer. */
import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { after, before, suite, test } from 'node:test'
import { SET } from '#src/clock.ts'
import { Authority, hasOpenssl } from '#test/support/certificates.ts'
import { Collector, type Tapped } from '#test/support/dnstap.ts'
import { InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { freePort } from '#test/support/ports.ts'
import { over, silence, truncated, zone } from '#test/support/scripts.ts'
import { startServer } from '#test/support/server.ts'
import { type FakeUpstream, startUpstream } from '#test/support/upstream.ts'

const WEB = 'web.example.org. 300 IN A 192.0.2.1'
const example = zone(WEB)

const ofForwarder = ({ type }: Tapped) => type!.startsWith('FORWARDER')
const shape = ({ queryTime, responseTime, queryMessage, responseMessage, ...rest }: Tapped) => rest

for (const mode of ['batch', 'dgram']) {
  test(`over UDP, as it was on the wire (-udp ${mode})`, async () => {
    await using upstream = await startUpstream(example)
    await using collector = await Collector.start()
    const corefile = `.:0 {\n dnstap tcp://127.0.0.1:${collector.port} full {\n  identity NAME\n  version VER\n }\n forward . ${upstream.to}\n}\n`
    await using server = await startServer(corefile, { args: ['-udp', mode] })
    const sentAt = Date.now()
    await server.query('web.example.org')
    const end = Date.now() + 1
    const [query, response] = await collector.received(2, ofForwarder)
    const [asked] = upstream.seen
    const common = {
      identity: 'NAME',
      version: 'VER',
      family: 'INET',
      protocol: 'UDP',
      queryAddress: '127.0.0.1',
      queryPort: asked!.from,
      responseAddress: '127.0.0.1',
      responsePort: upstream.port,
    }
    assert.deepEqual(shape(query!), { ...common, type: 'FORWARDER_QUERY' })
    assert.deepEqual(shape(response!), { ...common, type: 'FORWARDER_RESPONSE' })
    assert.deepEqual(query!.queryMessage, asked!.message)
    assert.deepEqual(response!.responseMessage, await example(asked!))
    assert.ok(
      sentAt - SET <= query!.queryTime! && query!.queryTime! < response!.responseTime! && response!.responseTime! <= end + SET,
    )
    assert.deepEqual(
      (await collector.received(4)).map(({ type }) => type),
      ['CLIENT_QUERY', 'FORWARDER_QUERY', 'FORWARDER_RESPONSE', 'CLIENT_RESPONSE'],
    )
  })
}

test('over IPv6 and TCP', async () => {
  await using upstream = await startUpstream(example, { address: '::1' })
  await using collector = await Collector.start()
  await using server = await startInProcess(
    `dnstap tcp://127.0.0.1:${collector.port} full\nforward . ${upstream.to} {\n force_tcp\n}`,
  )
  await server.query('web.example.org')
  await server.query('web.example.org')
  const messages = await collector.received(4, ofForwarder)
  const common = {
    identity: hostname(),
    version: 'istio-coredns-test',
    family: 'INET6',
    protocol: 'TCP',
    queryAddress: '::1',
    queryPort: upstream.seen[0]!.from,
    responseAddress: '::1',
    responsePort: upstream.port,
  }
  const [query, response] = [{ ...common, type: 'FORWARDER_QUERY' }, { ...common, type: 'FORWARDER_RESPONSE' }] // biome-ignore format: one line
  assert.deepEqual(messages.map(shape), [query, response, query, response])
  const queries = messages.flatMap(({ queryMessage }) => queryMessage ?? [])
  assert.deepEqual(queries, upstream.seen.map(({ message }) => message)) // biome-ignore format: one line
})

test('what is cut is asked again over TCP: both are told', async () => {
  await using upstream = await startUpstream(
    over({ udp: async asked => truncated((await example(asked)) as Buffer), tcp: example }),
  )
  await using collector = await Collector.start()
  await using server = await startInProcess(`dnstap tcp://127.0.0.1:${collector.port} full\nforward . ${upstream.to}`)
  assert.deepEqual((await server.query('web.example.org')).answer, [WEB])
  const messages = await collector.received(4, ofForwarder)
  assert.deepEqual(
    messages.map(({ type, protocol }) => `${type} ${protocol}`),
    ['FORWARDER_QUERY UDP', 'FORWARDER_RESPONSE UDP', 'FORWARDER_QUERY TCP', 'FORWARDER_RESPONSE TCP'],
  )
})

test('an upstream that is silent, and one that is not there', async () => {
  await using mute = await startUpstream(silence)
  await using upstream = await startUpstream(example)
  await using collector = await Collector.start()
  await using server = await startInProcess(
    `dnstap tcp://127.0.0.1:${collector.port}\nforward . ${mute.to} 127.0.0.1:${await freePort()} ${upstream.to} {\n policy sequential\n}`,
  )
  assert.deepEqual((await server.query('web.example.org')).answer, [WEB])
  const messages = await collector.received(4, ofForwarder)
  assert.deepEqual(messages[0]!.responsePort, mute.port)
  assert.deepEqual(messages.at(-1)!.responsePort, upstream.port)
  assert.deepEqual(
    messages.map(({ type }) => type),
    ['FORWARDER_QUERY', 'FORWARDER_QUERY', 'FORWARDER_QUERY', 'FORWARDER_RESPONSE'],
  )
})

test('an answer that comes too late', async () => {
  const answered = Promise.withResolvers<void>()
  await using late = await startUpstream(async asked => {
    await answered.promise
    return example(asked) as Buffer
  })
  await using upstream = await startUpstream(example)
  await using collector = await Collector.start()
  await using server = await startInProcess(
    `dnstap tcp://127.0.0.1:${collector.port}\nforward . ${late.to} ${upstream.to} {\n policy sequential\n}`,
  )
  await server.query('web.example.org')
  answered.resolve()
  const messages = await collector.of('FORWARDER_RESPONSE', 2)
  assert.deepEqual(
    messages.map(({ responsePort }) => responsePort),
    [upstream.port, late.port],
  )
  const [{ responseTime: told }] = (await collector.of('CLIENT_RESPONSE')) as [Tapped]
  assert.ok(messages[0]!.responseTime! <= told! && told! < messages[1]!.responseTime!)
})

test('who asks the same at the same time waits for one question; health checks are not told of', async () => {
  const released = Promise.withResolvers<void>()
  await using upstream = await startUpstream(async asked => {
    await released.promise
    return example(asked) as Promise<Buffer>
  })
  await using collector = await Collector.start()
  await using server = await startInProcess(`dnstap tcp://127.0.0.1:${collector.port}\nforward . ${upstream.to}`)
  const waiting = [server.query('web.example.org'), server.query('web.example.org')]
  await collector.of('CLIENT_QUERY', 2)
  // The silence has its health checked.
  await upstream.saw(3)
  assert.ok(upstream.seen.some(({ name }) => name === '.'))
  released.resolve()
  await Promise.all(waiting)
  await collector.of('CLIENT_RESPONSE', 2)
  const asked = upstream.seen.filter(({ name }) => name !== '.')
  assert.equal((await collector.of('FORWARDER_QUERY')).length, asked.length)
})

test('extra tells who was asked, and who answered', async () => {
  await using upstream = await startUpstream(example)
  await using collector = await Collector.start()
  await using server = await startInProcess(
    `metadata\ndnstap tcp://127.0.0.1:${collector.port} {\n extra "{name} {/forward/upstream}"\n}\nforward . ${upstream.to}`,
  )
  await server.query('web.example.org')
  await collector.received(4)
  assert.deepEqual(
    collector.messages.map(({ type, extra }) => `${type} ${extra}`),
    [
      'CLIENT_QUERY web.example.org. -',
      `FORWARDER_QUERY web.example.org. ${upstream.to}`,
      `FORWARDER_RESPONSE web.example.org. ${upstream.to}`,
      `CLIENT_RESPONSE web.example.org. ${upstream.to}`,
    ],
  )
})

test('a block without dnstap tells nothing', async () => {
  await using upstream = await startUpstream(example)
  await using collector = await Collector.start()
  const block = (label: string, tap: string) => `${label}:0 {\n ${tap}\n forward . ${upstream.to}\n}\n`
  await using server = new InProcessServer(block('.', '') + block('example.org', `dnstap tcp://127.0.0.1:${collector.port}`))
  await server.server.start()
  await server.query('web.example.net')
  await server.query('web.example.org')
  await collector.received(4)
  assert.equal(collector.messages.length, 4)
})

suite('encrypted', { skip: !hasOpenssl() && 'openssl is not on this machine' }, () => {
  let authority: Authority
  let upstream: FakeUpstream

  before(async () => {
    authority = new Authority()
    upstream = await startUpstream(example, { tls: authority.issue('named', 'DNS:dns.example.org') })
  })
  after(async () => {
    await upstream.stop()
    authority[Symbol.dispose]()
  })

  for (const [scheme, protocol] of [
    ['tls', 'DOT'],
    ['https', 'DOH'],
  ] as const) {
    // biome-ignore format: one line
    test(`over ${scheme}`, async () => {
      await using collector = await Collector.start()
      const port = scheme === 'tls' ? upstream.tlsPort : upstream.httpsPort
      await using server = await startInProcess(
        `dnstap tcp://127.0.0.1:${collector.port} full\nforward . ${scheme}://127.0.0.1:${port} {\n tls ${authority.path('ca.pem')}\n tls_servername dns.example.org\n}`,
      )
      const count = upstream.seen.length
      assert.deepEqual((await server.query('web.example.org')).answer, [WEB])
      const [query, response] = await collector.received(2, ofForwarder)
      const asked = upstream.seen[count]!
      assert.deepEqual([query!.type, query!.protocol, query!.queryPort], ['FORWARDER_QUERY', protocol, asked.from])
      assert.deepEqual(query!.queryMessage, asked.message)
      assert.deepEqual([response!.type, response!.protocol, response!.responsePort], ['FORWARDER_RESPONSE', protocol, port])
      assert.deepEqual(response!.responseMessage, await example(asked))
    })
  }
})
