import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failure } from '#src/plugin.ts'
import { FakeEtcd } from '#test/support/fake-etcd.ts'
import { InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { freePort } from '#test/support/ports.ts'
import { until } from '#test/support/waiting.ts'
import { below, serving } from './serving.ts'

/** What external-dns writes for a host with three addresses and for one with a name, with who owns them. */
const EXTERNAL_DNS = {
  'web/1a2b3c4d': { host: '192.0.2.1', text: '"heritage=external-dns"', targetstrip: 1, ttl: 60 },
  'web/2a2b3c4d': { host: '192.0.2.2', targetstrip: 1, ttl: 60 },
  'web/3a2b3c4d': { host: '2001:db8::3', targetstrip: 1 },
  'a-web/0a2b3c4d': { text: '"heritage=external-dns,external-dns/owner=default"', targetstrip: 1 },
  'lb/4a2b3c4d': { host: 'lb.example.net', targetstrip: 1 },
  'alias/5a2b3c4d': { host: 'web.example.org', targetstrip: 1 },
}

const SOA = 'example.org. 30 IN SOA ns.dns.example.org. hostmaster.example.org.'

test('addresses, by family, from all keys below the name', async () => {
  await using started = await serving(EXTERNAL_DNS)
  const { server } = started
  const { rcode, flags, answer } = await server.query('Web.example.org')
  assert.deepEqual([rcode, flags], ['NOERROR', 'qr aa rd'])
  assert.deepEqual(answer, ['Web.example.org. 60 IN A 192.0.2.1', 'Web.example.org. 60 IN A 192.0.2.2'])
  assert.deepEqual((await server.query('web.example.org', 'AAAA')).answer, ['web.example.org. 300 IN AAAA 2001:db8::3'])
})

test('the key of the name itself counts where there is nothing below it', async () => {
  await using started = await serving({
    exact: { host: '192.0.2.1' },
    'exact-2': { host: '192.0.2.2' },
    'mapped/a': { host: '::ffff:192.0.2.3' },
  })
  const { server, etcd } = started
  assert.deepEqual((await server.query('exact.example.org')).answer, ['exact.example.org. 300 IN A 192.0.2.1'])
  assert.deepEqual(etcd.ranges, ['/skydns/org/example/exact/', '/skydns/org/example/exact'])
  assert.deepEqual((await server.query('mapped.example.org')).answer, ['mapped.example.org. 300 IN A 192.0.2.3'])
})

test('names that do not exist, and types that a name has not', async () => {
  await using started = await serving(EXTERNAL_DNS)
  const { server } = started
  for (const [name, type, rcode] of [
    ['none.example.org', 'A', 'NXDOMAIN'],
    ['none.example.org', 'HTTPS', 'NXDOMAIN'],
    ['none.example.org', 'CNAME', 'NXDOMAIN'],
    ['a-web.example.org', 'A', 'NOERROR'],
    ['web.example.org', 'HTTPS', 'NOERROR'],
    ['web.example.org', 'NS', 'NOERROR'],
    ['web.example.org', 'SOA', 'NOERROR'],
    ['web.example.org', 'ANY', 'NOERROR'],
    // They have no key of their own, and are there.
    ['web.example.org', 'CNAME', 'NOERROR'],
    ['web.example.org', 'PTR', 'NOERROR'],
    ['example.org', 'NS', 'NOERROR'],
    ['example.org', 'CNAME', 'NOERROR'],
  ] as const) {
    const reply = await server.query(name, type)
    assert.deepEqual([reply.rcode, reply.flags, reply.answer], [rcode, 'qr aa rd', []], `${name} ${type}`)
    assert.ok(reply.authority[0]?.startsWith(SOA), `${name} ${type}`)
  }
})

test('SOA of the zone; its zone is not transferred', async () => {
  await using started = await serving({})
  const { server, etcd } = started
  const { answer } = await server.query('example.org', 'SOA')
  assert.match(
    answer[0]!,
    /^example\.org\. 30 IN SOA ns\.dns\.example\.org\. hostmaster\.example\.org\. \d{10} 7200 1800 86400 30$/,
  )
  assert.equal((await server.queryTcp('example.org', 'AXFR')).rcode, 'REFUSED')
  assert.deepEqual(etcd.calls, [])
})

test('CNAMEs are followed: in the zone, and out of it', async () => {
  await using started = await serving(
    { ...EXTERNAL_DNS, 'two/a': { host: 'alias.example.org.' }, 'gone/a': { host: 'none.example.org' } },
    '',
    'hosts none example.net {\n192.0.2.80 lb.example.net\n}',
  )
  const { server } = started
  assert.deepEqual((await server.query('two.example.org')).answer, [
    'two.example.org. 300 IN CNAME alias.example.org.',
    'alias.example.org. 300 IN CNAME web.example.org.',
    'web.example.org. 60 IN A 192.0.2.1',
    'web.example.org. 60 IN A 192.0.2.2',
  ])
  assert.deepEqual((await server.query('lb.example.org')).answer, [
    'lb.example.org. 300 IN CNAME lb.example.net.',
    'lb.example.net. 3600 IN A 192.0.2.80',
  ])
  // One that leads nowhere in the zone is none.
  const { rcode, answer } = await server.query('gone.example.org')
  assert.deepEqual([rcode, answer], ['NOERROR', []])
})

test('CNAMEs that lead in a circle, and chains without end, come to an end', async () => {
  const chain = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`c${i}/a`, { host: `c${i + 1}.example.org` }]))
  const fan = Object.fromEntries(
    Array.from({ length: 9 }, (_, i) =>
      Array.from({ length: 9 }, (_, j) => [`f${i}/${j}`, { host: `f${i + 1}.example.org`, port: j }] as const),
    ).flat(),
  )
  await using started = await serving({
    ...chain,
    ...fan,
    'c20/a': { host: '192.0.2.1' },
    'self/a': { host: 'self.example.org' },
    'deep/a': { host: 'x.deep.example.org' },
    'one/a': { host: 'two.example.org' },
    'two/a': { host: 'one.example.org' },
  })
  const { server, etcd } = started
  for (const name of ['self', 'deep', 'c0', 'one']) {
    etcd.ranges.length = 0
    assert.deepEqual((await server.query(`${name}.example.org`)).answer, [], name)
  }
  assert.equal(etcd.ranges.length, 3)
  assert.equal((await server.queryTcp('c10.example.org')).answer.length, 11)
  etcd.ranges.length = 0
  await server.query('f0.example.org')
  assert.ok(etcd.ranges.length <= 200, `${etcd.ranges.length} ranges`)
})

test('what the server does not know of a target: the CNAME alone, or SERVFAIL where asking fails', async () => {
  await using started = await serving(
    { 'a/1': { host: 'www.example.net' }, 'b/1': { host: 'www.example.net' }, 'b/2': { host: '192.0.2.2' } },
    '',
    'script',
  )
  const { server } = started
  assert.deepEqual((await server.query('a.example.org')).answer, ['a.example.org. 300 IN CNAME www.example.net.'])
  server.script = () => failure(new Error('no way out'))
  assert.equal((await server.query('a.example.org')).rcode, 'SERVFAIL')
  await server.waitForLine(/plugin\/errors: 2 a\.example\.org\. A: www\.example\.net\.: no way out$/)
  assert.deepEqual((await server.query('b.example.org')).answer, ['b.example.org. 300 IN A 192.0.2.2'])
  const { answer, additional } = await server.query('a.example.org', 'SRV')
  assert.deepEqual([answer, additional], [['a.example.org. 300 IN SRV 10 100 0 www.example.net.'], []])
})

test('CNAME and PTR are what stands at the name itself', async () => {
  await using started = await serving({
    alias: { host: 'web.example.org' },
    address: { host: '192.0.2.1' },
    text: { text: 'text' },
    pointer: { host: 'host.example.net.' },
  })
  const { server } = started
  assert.deepEqual((await server.query('alias.example.org', 'CNAME')).answer, [
    'alias.example.org. 300 IN CNAME web.example.org.',
  ])
  assert.deepEqual((await server.query('address.example.org', 'CNAME')).answer, [])
  assert.deepEqual((await server.query('pointer.example.org', 'PTR')).answer, [
    'pointer.example.org. 300 IN PTR host.example.net.',
  ])
  assert.deepEqual((await server.query('text.example.org', 'CNAME')).answer, [])
})

test('reverse zones', async () => {
  await using etcd = await FakeEtcd.start({ '/skydns/arpa/in-addr/192/0/2/1': { host: 'web.example.org' } })
  await using server = await startInProcess(`etcd 192.0.2.0/24 {\nendpoint ${etcd.to}\nfallthrough\n}\nwhoami`)
  const name = '1.2.0.192.in-addr.arpa.'
  assert.deepEqual((await server.query(name, 'PTR')).answer, [`${name} 300 IN PTR web.example.org.`])
  assert.equal((await server.query('2.2.0.192.in-addr.arpa', 'PTR')).rcode, 'NOERROR')
  assert.equal((await server.query('2.2.0.192.in-addr.arpa', 'PTR')).additional.length, 2)
})

test('SRV: weights are shares of their priority, targets are keys or hosts, with addresses', async () => {
  await using started = await serving({
    ...EXTERNAL_DNS,
    'srv/x1': { host: '192.0.2.51', port: 8080, weight: 10, priority: 5 },
    'srv/x2': { host: '192.0.2.52', port: 8080, weight: 20, priority: 5 },
    'srv/x3': { host: 'web.example.org', port: 8081 },
    'srv/x4': { host: '192.0.2.54', port: -1 },
    'srv/x5': { host: '192.0.2.55', text: 'text', port: 70_000, priority: 70_000, targetstrip: 1 },
    'srv/x6': { host: '192.0.2.56', port: 70_000, priority: 3, targetstrip: 1 },
    'srv/x7': { host: 'a.example.net', text: 'text' },
  })
  const { server } = started
  const { answer, additional } = await server.queryTcp('srv.example.org', 'SRV')
  assert.deepEqual(answer, [
    'srv.example.org. 300 IN SRV 5 33 8080 x1.srv.example.org.',
    'srv.example.org. 300 IN SRV 5 66 8080 x2.srv.example.org.',
    'srv.example.org. 300 IN SRV 10 33 8081 web.example.org.',
    'srv.example.org. 300 IN SRV 4464 100 4464 srv.example.org.',
  ])
  assert.deepEqual(additional, [
    'x1.srv.example.org. 300 IN A 192.0.2.51',
    'x2.srv.example.org. 300 IN A 192.0.2.52',
    'web.example.org. 60 IN A 192.0.2.1',
    'web.example.org. 60 IN A 192.0.2.2',
    'web.example.org. 300 IN AAAA 2001:db8::3',
    'srv.example.org. 300 IN A 192.0.2.55',
    'srv.example.org. 300 IN A 192.0.2.56',
  ])
})

test('MX: the services that are for mail', async () => {
  await using started = await serving(
    {
      'mail/a': { host: '192.0.2.71', mail: true, priority: 20 },
      'mail/b': { host: 'mx.example.net', mail: true },
      'mail/c': { host: '192.0.2.73', mail: true, targetstrip: 1 },
      'mail/d': { host: '192.0.2.74' },
    },
    '',
    'hosts none example.net {\n192.0.2.80 mx.example.net\n2001:db8::80 mx.example.net\n}',
  )
  const { server } = started
  const { answer, additional } = await server.query('mail.example.org', 'MX')
  assert.deepEqual(answer, [
    'mail.example.org. 300 IN MX 20 a.mail.example.org.',
    'mail.example.org. 300 IN MX 10 mx.example.net.',
    'mail.example.org. 300 IN MX 10 mail.example.org.',
  ])
  assert.deepEqual(additional, [
    'a.mail.example.org. 300 IN A 192.0.2.71',
    'mx.example.net. 3600 IN A 192.0.2.80',
    'mx.example.net. 3600 IN AAAA 2001:db8::80',
    'mail.example.org. 300 IN A 192.0.2.73',
  ])
})

test('TXT: each text once, in strings of 255 octets, with escapes', async () => {
  await using started = await serving({
    'a-web/0': EXTERNAL_DNS['a-web/0a2b3c4d'],
    'txt/a': { text: 'hello' },
    'txt/b': { text: 'hello' },
    'txt/c': { text: String.raw`back\slash \"\065` },
    'txt/d': { host: 'web.example.org', text: 'ü' },
    'txt/e': { host: '192.0.2.1', text: 'of an address' },
    'long/a': { text: 'x'.repeat(300) },
    'alias/a': { host: 'txt.example.org' },
  })
  const { server } = started
  const texts = async (name: string) =>
    (await server.query(`${name}.example.org`, 'TXT')).answer.map(line => line.replace(/^\S+ \d+ IN /, ''))
  assert.deepEqual(await texts('a-web'), [String.raw`TXT "\"heritage=external-dns,external-dns/owner=default\""`])
  assert.deepEqual(await texts('txt'), ['TXT "hello"', String.raw`TXT "backslash \"A"`, String.raw`TXT "\195\188"`])
  assert.deepEqual(await texts('long'), [`TXT "${'x'.repeat(255)}" "${'x'.repeat(45)}"`])
  assert.deepEqual((await texts('alias')).slice(0, 2), ['CNAME txt.example.org.', 'TXT "hello"'])
})

test('the zone itself: addresses below apex.dns, name servers below ns.dns', async () => {
  await using started = await serving({
    'dns/apex/a': { host: '192.0.2.100', ttl: 60 },
    'dns/apex/b': { host: '2001:db8::100' },
    'dns/ns/a': { host: '192.0.2.53' },
    'dns/ns/b': { host: '2001:db8::53' },
    'www/a': { host: 'example.org' },
  })
  const { server } = started
  assert.deepEqual((await server.query('example.org')).answer, ['example.org. 60 IN A 192.0.2.100'])
  assert.deepEqual((await server.query('www.example.org')).answer, [
    'www.example.org. 300 IN CNAME example.org.',
    'example.org. 60 IN A 192.0.2.100',
  ])
  const { answer, additional } = await server.query('example.org', 'NS')
  assert.deepEqual(answer, ['example.org. 300 IN NS a.ns.dns.example.org.', 'example.org. 300 IN NS b.ns.dns.example.org.'])
  assert.deepEqual(additional, ['a.ns.dns.example.org. 300 IN A 192.0.2.53', 'b.ns.dns.example.org. 300 IN AAAA 2001:db8::53'])
})

test('without apex.dns, the addresses of everything in the zone, or none with no_apex_fallback', async () => {
  await using all = await serving(EXTERNAL_DNS)
  assert.equal((await all.server.query('example.org')).answer.length, 2)
  await using none = await serving(EXTERNAL_DNS, 'no_apex_fallback')
  const { rcode, answer } = await none.server.query('example.org')
  assert.deepEqual([rcode, answer], ['NOERROR', []])
  assert.deepEqual(none.etcd.ranges, ['/skydns/org/example/dns/apex/', '/skydns/org/example/dns/apex'])
})

test('wildcards stand for one label each, in questions', async () => {
  await using started = await serving({
    'east/web/a': { host: '192.0.2.1' },
    'west/web/a': { host: '192.0.2.2' },
    'west/db/a': { host: '192.0.2.3' },
  })
  const { server } = started
  const addresses = async (name: string) =>
    (await server.query(`${name}.example.org`)).answer.map(line => line.split(' ').at(-1)).join(' ')
  assert.equal(await addresses('web.*'), '192.0.2.1 192.0.2.2')
  assert.equal(await addresses('any.west'), '192.0.2.3 192.0.2.2')
  assert.equal(await addresses('a.*.west'), '192.0.2.3 192.0.2.2')
  const { rcode } = await server.query('nobody.*.example.org')
  assert.equal(rcode, 'NOERROR')
  assert.equal((await server.query('*.none.example.org')).rcode, 'NXDOMAIN')
})

test('groups: that of the shortest key, unless others of its length are in another', async () => {
  await using started = await serving({
    'one/a': { host: '192.0.2.1', group: 'g1' },
    'one/sub/b': { host: '192.0.2.2', group: 'g2' },
    'one/sub/c': { host: '192.0.2.3' },
    'two/a': { host: '192.0.2.4', group: 'g1' },
    'two/b': { host: '192.0.2.5', group: 'g2' },
  })
  const { server } = started
  const addresses = async (name: string) =>
    (await server.query(`${name}.example.org`)).answer.map(line => line.split(' ').at(-1)).join(' ')
  assert.equal(await addresses('one'), '192.0.2.1 192.0.2.3')
  assert.equal(await addresses('two'), '192.0.2.4 192.0.2.5')
})

test('TTLs: the shorter of the own and that of the lease, which has bounds', async () => {
  await using started = await serving({}, 'min-lease-ttl 1m\nmax-lease-ttl 600')
  const { server, etcd } = started
  for (const [lease, seconds] of [
    [1, 100],
    [2, 5],
    [3, 100_000],
  ] as const)
    etcd.leases.set(lease, seconds)
  for (const [name, ttl, lease] of [
    ['plain', 0, 0],
    ['lease', 0, 1],
    ['longer', 200, 1],
    ['shorter', 20, 1],
    ['least', 0, 2],
    ['most', 0, 3],
    ['ended', 0, 4],
  ] as const)
    etcd.put(`/skydns/org/example/${name}/a`, { host: '192.0.2.1', ttl }, lease)
  const ttls: Record<string, number> = {}
  for (const name of ['plain', 'lease', 'longer', 'shorter', 'least', 'most', 'ended'])
    ttls[name] = Number((await server.query(`${name}.example.org`)).answer[0]!.split(' ')[1])
  assert.deepEqual(ttls, { plain: 300, lease: 100, longer: 100, shorter: 20, least: 60, most: 600, ended: 60 })
})

test('each lease is asked for once, and at most 100 of them', async () => {
  await using started = await serving({})
  const { server, etcd } = started
  for (let i = 1; i <= 150; i++) {
    etcd.leases.set(i, 1000)
    etcd.put(`/skydns/org/example/web/${i}`, { host: `192.0.2.${i}` }, i)
    etcd.put(`/skydns/org/example/web/${i}/b`, { host: `192.0.2.${i}` }, i)
  }
  const { answer } = await server.queryTcp('web.example.org')
  assert.equal(answer.length, 150)
  assert.equal(etcd.calls.filter(method => method === 'LeaseTimeToLive').length, 100)
  assert.deepEqual(new Set(answer.map(line => line.split(' ')[1])), new Set(['1000', '30']))
})

test('path, and names of keys that are deep below it', async () => {
  await using etcd = await FakeEtcd.start(below({ 'web/a': { host: '192.0.2.1', port: 80 } }, '/dns/of/mine'))
  await using server = await startInProcess(`etcd {\npath dns/of/mine/\nendpoint ${etcd.to}\n}`)
  const { answer } = await server.query('web.example.org', 'SRV')
  assert.deepEqual(answer, ['web.example.org. 300 IN SRV 10 100 80 a.web.example.org.'])
})

test('labels that are no plain text are found as CoreDNS writes them', async () => {
  await using started = await serving({
    "it\\'s\\ me": { host: '192.0.2.1' },
    'a\\.b': { host: '192.0.2.2' },
    '\\228': { host: '192.0.2.3' },
  })
  const { server } = started
  for (const [name, address] of [
    ["It's\\032me", 1],
    ['a\\.b', 2],
    ['\\228', 3],
  ] as const)
    assert.match((await server.query(`${name}.example.org`)).answer.join(), new RegExp(`192\\.0\\.2\\.${address}$`), name)
})

test('fallthrough: names that do not exist go to the next plugin, those of other zones always', async () => {
  await using started = await serving(EXTERNAL_DNS, 'fallthrough sub.example.org', 'whoami')
  const { server } = started
  const fell = async (name: string, type = 'A') => (await server.query(name, type)).additional.length > 0
  assert.equal(await fell('x.sub.example.org'), true)
  assert.equal(await fell('x.sub.example.org', 'CNAME'), true)
  assert.equal(await fell('x.example.org'), false)
  assert.equal(await fell('web.example.org', 'HTTPS'), false)
  assert.equal(await fell('example.net'), true)
})

test('what is asked at the same time is read once', async () => {
  await using started = await serving(EXTERNAL_DNS)
  const { server, etcd } = started
  await Promise.all(Array.from({ length: 50 }, (_, i) => server.query('web.example.org', i % 2 ? 'A' : 'AAAA')))
  assert.ok(etcd.calls.length < 50, `${etcd.calls.length} calls`)
  assert.equal(etcd.connections, 1)
})

test('a reload keeps the connection to a cluster that stays, and closes it when it goes', async () => {
  await using etcd = await FakeEtcd.start(below(EXTERNAL_DNS))
  const corefile = (path: string, to: string) => `.:0 {\netcd example.org {\npath ${path}\nendpoint ${to}\n}\n}\n`
  await using server = new InProcessServer(corefile('none', etcd.to))
  await server.server.start()
  assert.equal((await server.query('web.example.org')).rcode, 'NXDOMAIN')
  server.corefile = corefile('skydns', etcd.to)
  await server.server.reload()
  assert.equal((await server.query('web.example.org')).answer.length, 2)
  assert.equal(etcd.connections, 1)
  server.corefile = corefile('skydns', '127.0.0.1:9')
  await server.server.reload()
  await until(() => etcd.open === 0)
})

test('explain: the key, and the members that are down', async () => {
  const [port, gone] = [await freePort(), await freePort()]
  await using etcd = await FakeEtcd.start(below(EXTERNAL_DNS))
  const endpoints = `${etcd.to} 127.0.0.1:${gone}`
  await using _server = await startInProcess(`explain 127.0.0.1:${port}\netcd example.org {\nendpoint ${endpoints}\n}\nwhoami`)
  const told = async (name: string) => (await fetch(`http://127.0.0.1:${port}/explain?name=${name}`)).text()
  assert.match(await told('web.example.org'), /- its records are at and below the key \/skydns\/org\/example\/web\n/)
  await until(async () => (await told('web.example.org')).includes(`- 127.0.0.1:${gone} is down\n`))
  assert.match(await told('example.net'), /- this is a name in none of its zones\n/)
})
