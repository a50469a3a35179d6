import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { optRecord } from '#test/support/message.ts'
import { always, over, reply, upperCase, withoutEdns, zone } from '#test/support/scripts.ts'
import { startServer } from '#test/support/server.ts'
import { type Asked, startUpstream } from '#test/support/upstream.ts'
import { shortest } from '#test/support/waiting.ts'
import { startLocal } from './server.ts'

const SOA = 'example.org. 60 IN SOA ns.example.org. mail.example.org. 1 2 3 4 5'
const WEB = 'web.example.org. 300 IN A 192.0.2.1'
const LONG = Array.from({ length: 20 }, (_, i) => `long.example.org. 300 IN TXT "${String(i).padStart(100, '.')}"`)
const example = zone(SOA, WEB, 'www.example.org. 60 IN CNAME web.example.org.', ...LONG)

test('what the upstream says comes to the client: records, NODATA, NXDOMAIN, other rcodes', async () => {
  await using upstream = await startUpstream(example)
  await using server = await startLocal(`forward . ${upstream.to}`)
  assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
  assert.deepEqual((await server.query('www.example.org.')).answer, ['www.example.org. 60 IN CNAME web.example.org.', WEB])
  const noData = await server.query('web.example.org.', 'AAAA')
  assert.deepEqual([noData.rcode, noData.answer, noData.authority], ['NOERROR', [], [SOA]])
  const nameError = await server.query('none.example.org.')
  assert.deepEqual([nameError.rcode, nameError.authority, nameError.flags], ['NXDOMAIN', [SOA], 'qr rd ra'])
  for (const [rcode, name] of [
    [2, 'SERVFAIL'],
    [5, 'REFUSED'],
    [9, 'NOTAUTH'],
  ] as const) {
    upstream.script = always(rcode)
    assert.equal((await server.query(`${name}.example.org.`)).rcode, name)
  }
})

test('the question goes out as it came, with an id of its own, RD, AD, CD and DO of the client, and EDNS of the server', async () => {
  await using upstream = await startUpstream(example)
  await using server = await startLocal(`forward . ${upstream.to}`)
  const cookie = [10, Buffer.from('12345678')] as const
  const asked = await server.query('wEb.ExAmple.org.', 'A', {
    flags: 0x0130,
    edns: { dnssecOk: true, udpSize: 4096, options: [cookie] },
  })
  assert.equal(asked.question, 'wEb.ExAmple.org. IN A')
  await server.query('web.example.org.', 'A', { flags: 0 })
  const [first, second] = upstream.seen
  assert.deepEqual(
    [first?.name, first?.flags, first?.edns],
    ['wEb.ExAmple.org.', 'rd ad cd', { udpSize: 1232, dnssecOk: true, options: 0 }],
  )
  assert.deepEqual(
    [second?.name, second?.flags, second?.edns],
    ['web.example.org.', '', { udpSize: 1232, dnssecOk: false, options: 0 }],
  )
  assert.equal(first?.message.length, 12 + 21 + 11)
})

test('names and classes of any octets pass', async () => {
  await using upstream = await startUpstream(asked => reply(asked))
  await using server = await startLocal(`forward . ${upstream.to}`)
  for (const name of ['.', '__proto__.', 'a\\.b.\\000\\255.example.org.', `${'a'.repeat(63)}.`.repeat(3)]) {
    assert.equal((await server.query(name)).rcode, 'NOERROR')
    assert.equal(upstream.seen.at(-1)?.name, name)
  }
  assert.equal((await server.query('version.bind.', 'TXT', { class: 3 })).rcode, 'NOERROR')
  assert.equal(upstream.seen.at(-1)?.class, 3)
})

test('the transport is the client’s, unless options say otherwise', async () => {
  await using upstream = await startUpstream(example)
  for (const [options, overUdp, overTcp] of [
    ['', 'udp', 'tcp'],
    ['force_tcp', 'tcp', 'tcp'],
    ['prefer_udp', 'udp', 'udp'],
    ['prefer_udp\nforce_tcp', 'tcp', 'tcp'],
  ] as const) {
    await using server = await startLocal(`forward . ${upstream.to} {\n${options}\n}`)
    await server.query('web.example.org.')
    assert.equal(upstream.seen.at(-1)?.transport, overUdp, options)
    await server.queryTcp('web.example.org.')
    assert.equal(upstream.seen.at(-1)?.transport, overTcp, options)
  }
})

test('a truncated reply is asked for again over TCP, and comes to the client whole or as much of it as the client takes', async () => {
  await using upstream = await startUpstream(example)
  await using server = await startLocal(`forward . ${upstream.to}`)
  assert.equal((await server.query('long.example.org.', 'TXT', { edns: { udpSize: 4096 } })).answer.length, 20)
  assert.deepEqual(
    upstream.seen.map(({ transport }) => transport),
    ['udp', 'tcp'],
  )
  const small = await server.query('long.example.org.', 'TXT')
  assert.equal(small.flags, 'qr tc rd ra')
  assert.ok(small.raw.length <= 512)
})

test('a reply whose names the upstream did not compress comes whole to a client that takes it compressed only, letters as they were', async () => {
  const servers = Array.from({ length: 8 }, (_, i) => `Wide.Example.org. 300 IN NS Ns${i}.With-A-Long-Name.Wide.Example.org.`)
  await using upstream = await startUpstream(zone(...servers))
  await using server = await startLocal(`forward . ${upstream.to}`)
  const { flags, answer, raw } = await server.query('Wide.Example.org.', 'NS')
  assert.deepEqual([flags, answer], ['qr rd ra', servers])
  assert.ok(raw.length <= 512)
  assert.ok(((await upstream.script(upstream.seen[0]!)) as Buffer).length > 512)
})

test('a reply that is too long for any datagram comes over TCP as the upstream wrote it', async () => {
  const servers = Array.from({ length: 200 }, (_, i) => `wide.example.org. 300 IN NS ns${i}.with-a-long-name.wide.example.org.`)
  await using upstream = await startUpstream(zone(...servers))
  await using server = await startLocal(`forward . ${upstream.to}`)
  const { answer, raw } = await server.queryTcp('wide.example.org.', 'NS', { edns: true })
  assert.deepEqual(answer, servers)
  assert.equal(raw.length, ((await upstream.script(upstream.seen[0]!)) as Buffer).length)
})

test('a reply with a name that is none reaches neither clients nor the plugins that read it', async () => {
  // The alias leads to itself: its data are a pointer to them.
  const odd = (asked: Asked) => {
    const message = reply(asked, ['odd.example.org. 300 IN TYPE5 \\# 2 c000'])
    const data = message.indexOf(Buffer.of(0, 2, 0xc0, 0)) + 2
    message.writeUInt16BE(0xc000 | data, data)
    return message
  }
  await using upstream = await startUpstream(odd)
  const forward = `forward . ${upstream.to} {\nmax_connect_attempts 1\nread_timeout 50ms\n}`
  for (const plugins of ['', 'cache', 'minimal', 'rewrite name suffix .org .org answer auto', 'loadbalance']) {
    await using server = await startLocal(`${plugins}\n${forward}`)
    assert.equal((await server.query('odd.example.org.')).rcode, 'SERVFAIL', plugins)
    assert.equal(await server.metric('coredns_panics_total'), 0)
  }
})

test('where TCP fails after a truncated reply, the client is told that it was truncated', async () => {
  await using upstream = await startUpstream(over({ udp: example }))
  upstream.faults.closeOnQuery = 10
  await using server = await startLocal(`forward . ${upstream.to}`)
  const { rcode, flags, answer } = await server.query('long.example.org.', 'TXT', { edns: true })
  assert.deepEqual([rcode, flags, answer], ['NOERROR', 'qr tc rd ra', []])
})

test('where TCP is silent after a truncated reply, the client is told so after one read_timeout', async () => {
  const time = await shortest(600, async () => {
    await using upstream = await startUpstream(over({ udp: example }))
    await using server = await startLocal(`forward . ${upstream.to} {\nread_timeout 400ms\nmax_connect_attempts 10\n}`)
    const start = performance.now()
    assert.equal((await server.query('long.example.org.', 'TXT', { edns: true })).flags, 'qr tc rd ra')
    return performance.now() - start
  })
  assert.ok(time < 600, `${time} ms`)
})

test('an upstream that does not know EDNS is asked again without', async () => {
  await using upstream = await startUpstream(withoutEdns(example))
  await using server = await startLocal(`forward . ${upstream.to}`)
  assert.deepEqual((await server.query('web.example.org.', 'A', { edns: true })).answer, [WEB])
  assert.deepEqual(
    upstream.seen.map(({ edns }) => edns !== undefined),
    [true, false],
  )
  await server.query('next.example.org.', 'A', { edns: true })
  assert.deepEqual(
    upstream.seen.slice(2).map(({ edns }) => edns !== undefined),
    [false],
    'and from then on without',
  )
  upstream.script = always(4)
  assert.equal((await server.query('other.example.org.')).rcode, 'NOTIMP')
  upstream.script = asked => reply(asked).subarray(0, 12).fill(0, 4).fill(0x81, 3, 4)
  assert.equal((await server.query('third.example.org.')).rcode, 'FORMERR')
})

test('another case of letters in the reply is no other name', async () => {
  await using upstream = await startUpstream(async asked => upperCase((await example(asked)) as Buffer))
  await using server = await startLocal(`forward . ${upstream.to}`)
  const { question, answer } = await server.query('web.example.org.')
  assert.deepEqual([question, answer], ['web.example.org. IN A', [WEB]])
})

test('the upstream’s OPT stays behind, its extended error goes on to clients that speak EDNS', async () => {
  const error = Buffer.concat([Buffer.of(0, 15), Buffer.from('blocked')])
  await using upstream = await startUpstream(asked => {
    const message = reply(asked, [WEB]).subarray(0, -11)
    return Buffer.concat([
      message,
      optRecord({
        udpSize: 512,
        options: [
          [15, error],
          [3, Buffer.from('name')],
        ],
      }),
    ])
  })
  await using server = await startLocal(`forward . ${upstream.to}`)
  assert.equal((await server.query('web.example.org.')).edns, undefined)
  const { edns } = await server.query('web.example.org.', 'A', { edns: true })
  assert.deepEqual([edns?.udpSize, [...(edns?.options ?? [])]], [1232, [[15, error]]])
})

test('FROM and except decide what is forwarded; the rest goes to the next plugin', async () => {
  await using upstream = await startUpstream(always(5))
  await using server = await startLocal(`forward Example.org ${upstream.to} {
except lan.example.org 10.0.0.0/15
except other.example.org
}
whoami`)
  const isForwarded = async (name: string) => (await server.query(name)).rcode === 'REFUSED'
  for (const name of ['example.org.', 'a.EXAMPLE.org.', 'xlan.example.org.']) assert.ok(await isForwarded(name), name)
  for (const name of [
    'org.',
    'notexample.org.',
    'a.lan.example.org.',
    'lan.example.org.',
    'other.example.org.',
    'x\\007example.org.',
  ])
    assert.ok(!(await isForwarded(name)), name)
})

test('except does not take FROM itself away', async () => {
  await using upstream = await startUpstream(always(5))
  await using server = await startLocal(`forward example.org ${upstream.to} {\nexcept example.org\n}\nwhoami`)
  assert.equal((await server.query('example.org.')).rcode, 'REFUSED')
  assert.equal((await server.query('a.example.org.')).rcode, 'NOERROR')
})

test('a CIDR is its reverse zone; of one that is several zones, the first is taken, with a warning', async () => {
  await using upstream = await startUpstream(always(5))
  await using server = await startServer(`.:0 {\n  forward 10.0.0.0/15 ${upstream.to}\n  whoami\n}\n`)
  assert.match(
    await server.waitForLine(/WARNING/),
    /Unsupported CIDR notation: '10\.0\.0\.0\/15' .*Using only '0\.10\.in-addr\.arpa\.'/,
  )
  assert.equal((await server.query('1.0.0.10.in-addr.arpa.', 'PTR')).rcode, 'REFUSED')
  assert.notEqual((await server.query('1.0.1.10.in-addr.arpa.', 'PTR')).rcode, 'REFUSED')
})

test('several forward lines are tried in order; next and next_on_nodata go on to the following one', async () => {
  await using first = await startUpstream(zone(SOA, WEB))
  await using second = await startUpstream(always(5))
  const lines = (options: string) =>
    `forward sub.example.org ${second.to}\nforward example.org ${first.to} {\n${options}\n}\nforward . ${second.to} {\nnext REFUSED\n}`
  await using plain = await startLocal(lines('next SERVFAIL'))
  assert.equal((await plain.query('a.sub.example.org.')).rcode, 'REFUSED')
  assert.equal((await plain.query('none.example.org.')).rcode, 'NXDOMAIN')
  assert.equal((await plain.query('example.net.')).rcode, 'REFUSED', 'next needs a forward line behind')
  await using next = await startLocal(lines('next nxdomain'))
  assert.equal((await next.query('none.example.org.')).rcode, 'REFUSED')
  assert.equal((await next.query('web.example.org.', 'AAAA')).rcode, 'NOERROR')
  await using noData = await startLocal(lines('next_on_nodata'))
  assert.equal((await noData.query('none.example.org.')).rcode, 'NXDOMAIN')
  assert.equal((await noData.query('web.example.org.', 'AAAA')).rcode, 'REFUSED')
  assert.equal((await noData.query('web.example.org.')).rcode, 'NOERROR')
})

test('next SERVFAIL goes on where no upstream replied, too', async () => {
  await using second = await startUpstream(example)
  const lines = (options: string) => `forward . 127.0.0.1:1 {\n${options}\n}\nforward . ${second.to}`
  await using server = await startLocal(lines('next SERVFAIL'))
  assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
  await using without = await startLocal(lines('next NXDOMAIN'))
  assert.equal((await without.query('web.example.org.')).rcode, 'SERVFAIL')
})

test('a resolv.conf names the servers; one that names none is a warning, and every query SERVFAIL', async () => {
  await using server = await startServer('.:0 {\n  errors\n  forward . resolv.conf\n}\n', {
    files: { 'resolv.conf': '# nameserver 192.0.2.1\nsearch example.org\nnameserver nonsense\n' },
  })
  await server.waitForLine(/\[WARNING\] plugin\/forward: resolv\.conf names no server/)
  assert.equal((await server.query('example.org.')).rcode, 'SERVFAIL')
  await server.waitForLine(/plugin\/errors: 2 example\.org\. A: no healthy proxies/)
})

test('a host is asked for at the start, of the resolvers that are named', async () => {
  await using upstream = await startUpstream(example)
  await using resolver = await startUpstream(zone('dns.example.org. 60 IN A 127.0.0.1'))
  const corefile = (host: string) => `.:0 {\n  forward . ${host}:${upstream.port} {\n    resolver ${resolver.to}\n  }\n}\n`
  await using server = await startServer(corefile('dns.example.org'))
  assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
  assert.deepEqual(resolver.seen.map(({ type }) => type).sort(), ['A', 'AAAA'])
  await assert.rejects(startServer(corefile('none.example.org')), /failed to resolve "none\.example\.org"/)
})

test('source_address: queries and health checks come from there; one that is not of this machine is SERVFAIL', async () => {
  await using upstream = await startUpstream(example)
  await using server = await startLocal(`forward . ${upstream.to} {\nsource_address 127.0.0.9\n}`)
  await server.query('web.example.org.')
  await server.queryTcp('web.example.org.')
  assert.deepEqual(
    upstream.seen.map(({ transport, address }) => `${transport} ${address}`),
    ['udp 127.0.0.9', 'tcp 127.0.0.9'],
  )
  await using elsewhere = await startServer(`.:0 {\nerrors\nforward . ${upstream.to} {\nsource_address 192.0.2.9\n}\n}\n`)
  assert.equal((await elsewhere.query('web.example.org.')).rcode, 'SERVFAIL')
  assert.equal((await elsewhere.queryTcp('web.example.org.')).rcode, 'SERVFAIL')
  await elsewhere.waitForLine(/A: dial udp 127\.0\.0\.1:\d+: connect: (address not available|cannot assign requested address)/)
  await elsewhere.waitForLine(/A: dial tcp 127\.0\.0\.1:\d+: connect: (address not available|cannot assign requested address)/)
})

const hasIpv6 = Object.values(networkInterfaces()).some(addresses => addresses?.some(({ address }) => address === '::1'))

test('an upstream may have an IPv6 address', { skip: !hasIpv6 && 'this machine has no ::1' }, async () => {
  await using upstream = await startUpstream(example, { address: '::1' })
  await using server = await startLocal(`forward . ${upstream.to}`)
  assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
  assert.deepEqual((await server.queryTcp('web.example.org.')).answer, [WEB])
  assert.equal(await server.metric('coredns_proxy_request_duration_seconds_count', { to: upstream.to, rcode: 'NOERROR' }), 2)
})
