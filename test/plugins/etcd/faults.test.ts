import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { notReady } from '#src/plugin.ts'
import { FakeEtcd, fail } from '#test/support/fake-etcd.ts'
import { refuse, respond } from '#test/support/grpc-server.ts'
import { type InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { extendedErrorOf } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { until } from '#test/support/waiting.ts'
import { below, serving } from './serving.ts'

const WEB = { 'web/a': { host: '192.0.2.1' } }

const start = (...endpoints: string[]): Promise<InProcessServer> =>
  startInProcess(`errors\netcd example.org {\nendpoint ${endpoints.join(' ')}\n}`)

const rcodeOf = async (server: InProcessServer, name = 'web.example.org') => (await server.query(name)).rcode

test('without etcd the server starts, fails at once, and answers as soon as it is there', async () => {
  const port = await freePort()
  await using server = await start(`127.0.0.1:${port}`)
  assert.equal(await rcodeOf(server), 'SERVFAIL')
  await server.waitForLine(
    new RegExp(
      `2 web.example.org. A: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:${port}: connect: connection refused"$`,
    ),
  )
  await using _etcd = await FakeEtcd.start(below(WEB), { listen: port })
  await until(async () => (await rcodeOf(server)) === 'NOERROR')
})

test('members are asked in turn, and one that is gone is left out', async () => {
  await using one = await FakeEtcd.start(below(WEB))
  await using two = await FakeEtcd.start(below(WEB))
  await using server = await start(one.to, two.to, `127.0.0.1:${await freePort()}`)
  await until(async () => {
    assert.equal(await rcodeOf(server), 'NOERROR')
    return one.calls.length > 1 && two.calls.length > 1
  })
})

test('one that takes connections and does not speak is not waited for while there is another', async () => {
  const sockets: Socket[] = []
  const silent = createServer(socket => void sockets.push(socket.on('error', () => {}).resume())).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  await using etcd = await FakeEtcd.start(below(WEB))
  await using server = await start(`127.0.0.1:${(silent.address() as { port: number }).port}`, etcd.to)
  for (let i = 0; i < 2; i++) assert.equal(await rcodeOf(server), 'NOERROR')
  for (const socket of sockets) socket.destroy()
  silent.close()
})

test('one without a leader is left for another, and asked for what it knows where none has one', async () => {
  await using one = await FakeEtcd.start(below(WEB))
  await using two = await FakeEtcd.start(below({ 'web/a': { host: '192.0.2.2' } }))
  const leaderless: FakeEtcd['script'] = (_method, stream, { hasleader }) => {
    if (hasleader !== 'true') return false
    fail(stream, 'noLeader')
    return true
  }
  one.script = leaderless
  await using server = await start(one.to, two.to)
  const addresses = async () => (await server.query('web.example.org')).answer.map(line => line.split(' ').at(-1)).join()
  for (let i = 0; i < 4; i++) assert.equal(await addresses(), '192.0.2.2')
  two.script = leaderless
  for (let i = 0; i < 4; i++) assert.match(await addresses(), /^192\.0\.2\.[12]$/)
})

test('what a member says of a call is the cause', async () => {
  await using started = await serving(WEB)
  const { server, etcd } = started
  for (const [script, cause] of [
    [
      stream => refuse(stream, { 'grpc-status': '7', 'grpc-message': 'etcdserver: permission denied' }),
      'etcdserver: permission denied',
    ],
    [stream => refuse(stream, { 'grpc-status': '13', 'grpc-message': 'x' }), 'rpc error: code = Internal desc = x'],
    [
      stream => respond(stream, Buffer.of(0, 0, 0, 0, 2, 18, 9)),
      'rpc error: code = Internal desc = no message of etcd: a field that is longer than its message',
    ],
  ] as const satisfies readonly (readonly [(stream: Parameters<FakeEtcd['script']>[1]) => void, string])[]) {
    etcd.script = (_method, stream) => {
      script(stream)
      return true
    }
    const from = server.lines.length
    assert.equal(await rcodeOf(server), 'SERVFAIL')
    const line = await server.waitForLine(/plugin\/errors/, { from })
    assert.equal(line.slice(line.indexOf(' 2 ')), ` 2 web.example.org. A: ${cause}`)
  }
})

test('clients that speak EDNS are told the kind of failure', async () => {
  await using started = await serving(
    {
      ...WEB,
      'bad/a': '[]',
      'name/x..y': { host: '192.0.2.1' },
      'dns/ns/a': { host: 'www.example.net' },
      'alias/a': { host: 'www.example.net' },
    },
    '',
    'script',
  )
  const { server, etcd } = started
  server.script = () => notReady('a zone')
  const told = async (name: string, type: string) => extendedErrorOf(await server.query(name, type, { edns: true }))
  assert.equal(await told('bad.example.org', 'A'), '24')
  assert.equal(await told('name.example.org', 'SRV'), '24')
  assert.equal(await told('example.org', 'NS'), '24')
  assert.equal(await told('alias.example.org', 'A'), '14 a zone')
  await etcd[Symbol.asyncDispose]()
  assert.equal(await told('web.example.org', 'A'), '22')
})

test('a value that is none fails the names above it, and is named', async () => {
  await using started = await serving({
    'cut/a': '{"host":"192.0.2.1"',
    'empty/a': '',
    'list/a': '[]',
    'host/a': '{"host":5}',
    'port/a': '{"host":"192.0.2.1","port":"80"}',
    'float/a': '{"host":"192.0.2.1","port":80.5}',
    'ttl/a': '{"host":"192.0.2.1","ttl":-1}',
    'name/a': '{"host":"a..b"}',
    'fine/null': 'null',
    'fine/none': '{}',
    'fine/case': '{"HOST":"192.0.2.9","port":null,"unknown":[]}',
    'fine/octets': Buffer.from('{"host":"192.0.2.10","text":"\xff"}', 'latin1'),
  })
  const { server } = started
  for (const [name, cause] of [
    ['cut', /Expected .* in JSON/],
    ['empty', /Unexpected end of JSON input/],
    ['list', /a JSON object is expected/],
    ['host', /host must be a string/],
    ['port', /port must be a number/],
    ['float', /port must be a whole number/],
    ['ttl', /ttl must be between 0 and 4294967295/],
    ['name', /"a\.\.b" has an empty label/],
  ] as const) {
    const from = server.lines.length
    assert.equal(await rcodeOf(server, `${name}.example.org`), 'SERVFAIL')
    assert.match(await server.waitForLine(new RegExp(`/skydns/org/example/${name}/a: `), { from }), cause)
  }
  assert.equal((await server.query('fine.example.org')).answer.length, 2)
})

test('a key that is no name cannot be a target', async () => {
  await using started = await serving({ [`web/${'x'.repeat(64)}`]: { host: '192.0.2.1' } })
  const { server } = started
  assert.equal(await rcodeOf(server), 'NOERROR')
  assert.equal((await server.query('web.example.org', 'SRV')).rcode, 'SERVFAIL')
  await server.waitForLine(/SRV: \/skydns\/org\/example\/web\/x+: .* has a label longer than 63 octets$/)
})

test('more than 10,000 keys are too many', async () => {
  await using started = await serving({})
  const { server, etcd } = started
  for (let i = 0; i < 10_000; i++) etcd.put(`/skydns/org/example/all/${i}`, { host: '192.0.2.1' })
  assert.equal((await server.query('all.example.org')).answer.length, 1)
  etcd.put('/skydns/org/example/all/x', { host: '192.0.2.1' })
  assert.equal(await rcodeOf(server, 'all.example.org'), 'SERVFAIL')
  await server.waitForLine(/A: \/skydns\/org\/example\/all\/: more than 10000 keys$/)
})

test('values that are too long together', async () => {
  await using started = await serving({})
  const { server, etcd } = started
  for (let i = 0; i < 9; i++) etcd.put(`/skydns/org/example/all/${i}`, { text: 'x'.repeat(1024 * 1024) })
  assert.equal(await rcodeOf(server, 'all.example.org'), 'SERVFAIL')
  await server.waitForLine(/rpc error: code = ResourceExhausted desc = received message larger than max/)
})

const secured = (etcd: FakeEtcd, password = 'secret') =>
  startInProcess(`errors\netcd example.org {\nendpoint ${etcd.to}\ncredentials dns ${password}\n}`)

test('a user has a token, and gets another when it is not valid any more', async () => {
  await using etcd = await FakeEtcd.start(below(WEB))
  etcd.users = new Map([['dns', 'secret']])
  await using server = await secured(etcd)
  await Promise.all(['a', 'b', 'c'].map(name => rcodeOf(server, `${name}.example.org`)))
  assert.equal(await rcodeOf(server), 'NOERROR')
  assert.equal(etcd.calls.filter(method => method === 'Authenticate').length, 1)
  etcd.tokens.clear()
  assert.equal(await rcodeOf(server), 'NOERROR')
  assert.equal(etcd.calls.filter(method => method === 'Authenticate').length, 2)
})

test('a user of a cluster without users, until it has some', async () => {
  await using etcd = await FakeEtcd.start(below(WEB))
  await using server = await secured(etcd)
  for (let i = 0; i < 2; i++) assert.equal(await rcodeOf(server), 'NOERROR')
  assert.equal(etcd.calls.filter(method => method === 'Authenticate').length, 1)
  etcd.users = new Map([['dns', 'secret']])
  assert.equal(await rcodeOf(server), 'NOERROR')
})

test('a wrong password, until it is right', async () => {
  await using etcd = await FakeEtcd.start(below(WEB))
  etcd.users = new Map([['dns', 'other']])
  await using server = await secured(etcd)
  assert.equal(await rcodeOf(server), 'SERVFAIL')
  await server.waitForLine(/A: etcdserver: authentication failed, invalid user ID or password$/)
  etcd.users = new Map([['dns', 'secret']])
  assert.equal(await rcodeOf(server), 'NOERROR')
})

test('a lease that cannot be asked for does not fail the answer', async () => {
  await using started = await serving({})
  const { server, etcd } = started
  etcd.put('/skydns/org/example/web/a', { host: '192.0.2.1' }, 7)
  etcd.script = (method, stream) => {
    if (method !== 'LeaseTimeToLive') return false
    refuse(stream, { 'grpc-status': '7' })
    return true
  }
  assert.deepEqual((await server.query('web.example.org')).answer, ['web.example.org. 30 IN A 192.0.2.1'])
})
