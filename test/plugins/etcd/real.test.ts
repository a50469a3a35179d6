import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { Authority, hasOpenssl } from '#test/support/certificates.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { Etcd, noEtcd } from '#test/support/etcd.ts'
import { startInProcess } from '#test/support/in-process.ts'
import type { Answer } from '#test/support/message.ts'
import { until } from '#test/support/waiting.ts'
import { below } from './serving.ts'

const WEB = below({ 'web/a': { host: '192.0.2.1' }, 'web/b': { host: '192.0.2.2', ttl: 60 }, 'web-2/a': { host: '192.0.2.3' } })

const TYPES = ['A', 'AAAA', 'TXT', 'SRV', 'MX', 'NS', 'CNAME', 'PTR', 'HTTPS']

/** What is compared: of targets in the zone, CoreDNS tells no IPv6 addresses. */
const told = ({ rcode, flags, answer, additional }: Answer) => ({
  rcode,
  flags,
  answer: [...new Set(answer)],
  additional: additional.filter(line => !line.includes(' AAAA ')),
})

const start = (lines: string) => startInProcess(`errors\netcd example.org {\n${lines}\n}`)

suite('etcd itself', { skip: noEtcd() ?? false }, () => {
  test('prefixes, and leases', async () => {
    await using etcd = await Etcd.start()
    await using server = await start(`endpoint http://${etcd.to}`)
    assert.equal((await server.query('web.example.org')).rcode, 'NXDOMAIN')
    await etcd.put(WEB)
    assert.deepEqual((await server.query('web.example.org')).answer, [
      'web.example.org. 300 IN A 192.0.2.1',
      'web.example.org. 60 IN A 192.0.2.2',
    ])
    const ttlOf = async (name: string) => Number((await server.query(`${name}.example.org`)).answer[0]?.split(' ')[1])
    await etcd.put(below({ 'leased/a': { host: '192.0.2.4' } }), await etcd.grant(7200))
    const ttl = await ttlOf('leased')
    assert.ok(ttl > 7000 && ttl <= 7200, `${ttl}`)
  })

  test('users', async () => {
    await using etcd = await Etcd.start()
    await etcd.put(WEB)
    await using server = await start(`endpoint http://${etcd.to}\ncredentials dns secret`)
    const rcode = async (name = 'web.example.org') => (await server.query(name)).rcode
    assert.equal(await rcode(), 'NOERROR')
    await etcd.authenticate('/skydns/org/example/web/')
    assert.equal(await rcode(), 'NOERROR')
    assert.equal(await rcode('db.example.org'), 'SERVFAIL')
    await server.waitForLine(/A: etcdserver: permission denied$/)
    // It knows no token any more.
    await etcd.restart()
    await until(async () => (await rcode()) === 'NOERROR')
    await using wrong = await start(`endpoint http://${etcd.to}\ncredentials dns other`)
    assert.equal((await wrong.query('web.example.org')).rcode, 'SERVFAIL')
    await wrong.waitForLine(/A: etcdserver: authentication failed, invalid user ID or password$/)
    await using nobody = await start(`endpoint http://${etcd.to}`)
    assert.equal((await nobody.query('web.example.org')).rcode, 'SERVFAIL')
    await nobody.waitForLine(/A: etcdserver: user name is empty$/)
  })

  test('of three members, the one that leads is lost, one hangs, and at last only one is left', async () => {
    const members = await Etcd.cluster(3)
    await using stack = new AsyncDisposableStack()
    for (const member of members) stack.use(member)
    await members[0]!.put(WEB)
    await using server = await start(`endpoint ${members.map(({ to }) => to).join(' ')}`)
    const rcode = async () => (await server.query('web.example.org')).rcode
    for (let i = 0; i < 3; i++) assert.equal(await rcode(), 'NOERROR')
    const leads = await Promise.all(members.map(member => member.leads()))
    const leader = members[leads.indexOf(true)]!
    await leader.stop()
    const untilNew = async () => (await Promise.all(members.map(member => member.leads().catch(() => false)))).includes(true)
    await until(async () => {
      assert.equal(await rcode(), 'NOERROR')
      return untilNew()
    })
    await leader.restart()
    const [other] = members.filter(member => member !== leader)
    other!.signal('SIGSTOP')
    for (let i = 0; i < 6; i++) assert.equal(await rcode(), 'NOERROR')
    other!.signal('SIGCONT')
    // The last one has no leader.
    await Promise.all(members.slice(1).map(member => member.stop()))
    await until(async () => (await rcode()) === 'NOERROR')
    for (let i = 0; i < 6; i++) assert.equal(await rcode(), 'NOERROR')
  })

  suite('over TLS', { skip: !hasOpenssl() && 'openssl is not on this machine' }, () => {
    let authority: Authority
    before(() => {
      authority = new Authority()
      authority.issue('server', 'IP:127.0.0.1,DNS:localhost')
      authority.issue('client', 'DNS:client.example.org')
    })
    after(() => authority[Symbol.dispose]())

    test('certificates of server and client', async () => {
      const [cert, key, ca, clientCert, clientKey] = ['server.pem', 'server.key', 'ca.pem', 'client.pem', 'client.key'].map(
        file => authority.path(file),
      )
      await using etcd = await Etcd.start({ tls: { cert: cert!, key: key!, ca: ca! } })
      await etcd.put(WEB)
      const ask = async (to: string, tls: string) => {
        await using server = await start(`endpoint ${to}\ntls ${tls}`)
        const { rcode } = await server.query('web.example.org')
        return rcode === 'NOERROR' ? rcode : server.waitForLine(/plugin\/errors/)
      }
      const byName = etcd.secureTo.replace('127.0.0.1', 'localhost')
      for (const to of [etcd.secureTo, `https://${etcd.secureTo}`, `https://${byName}`])
        assert.equal(await ask(to, `${clientCert} ${clientKey} ${ca}`), 'NOERROR', to)
      assert.match(
        await ask(`https://${etcd.secureTo}`, `${ca}`),
        /code = Unavailable desc = connection error: .*handshake failed: .* alert (bad certificate|certificate required):/,
      )
      assert.match(await ask(`https://${etcd.secureTo}`, ''), /authentication handshake failed/)
      assert.equal(await ask(`http://${etcd.to}`, `${ca}`), 'NOERROR')
    })
  })

  test('the answers are those of CoreDNS', { skip: noCoreDns() ?? false }, async () => {
    await using etcd = await Etcd.start()
    await etcd.put(
      below({
        'web/1a2b3c4d': { host: '192.0.2.1', text: '"heritage=external-dns"', targetstrip: 1, ttl: 60 },
        'web/2a2b3c4d': { host: '192.0.2.2', targetstrip: 1 },
        'web/3a2b3c4d': { host: '2001:db8::3', targetstrip: 1 },
        'a-web/0a2b3c4d': { text: '"heritage=external-dns,external-dns/owner=default"', targetstrip: 1 },
        'lb/4a2b3c4d': { host: 'lb.example.net', targetstrip: 1 },
        'lb-text/4a2b3c4d': { host: 'lb.example.net', text: 'heritage', targetstrip: 1 },
        alias: { host: 'web.example.org' },
        'chain/a': { host: 'alias.example.org' },
        'gone/a': { host: 'none.example.org' },
        'self/a': { host: 'self.example.org' },
        'srv/a': { host: '192.0.2.5', port: 80, weight: 3, priority: 5 },
        'srv/b': { host: '192.0.2.6', port: 80, priority: 5 },
        'srv/c/d': { host: '192.0.2.7', port: 81, targetstrip: 2 },
        'srv/e': { host: 'a.example.net', port: -1 },
        'mail/a': { host: '192.0.2.8', mail: true, priority: 20 },
        'mail/b': { host: 'lb.example.net', mail: true },
        'txt/a': { text: String.raw`\"quoted\" \065 ü` },
        'txt/b': { text: 'x'.repeat(300) },
        'group/a': { host: '192.0.2.9', group: 'g1' },
        'group/b/c': { host: '192.0.2.10', group: 'g2' },
        'group/b/d': { host: '192.0.2.11' },
        'dns/apex/a': { host: '192.0.2.12' },
        'dns/ns/a': { host: '192.0.2.13' },
      }),
    )
    const lines = `etcd example.org {\nendpoint http://${etcd.to}\n}\nhosts none example.net {\n192.0.2.80 lb.example.net a.example.net\n}\n`
    await using theirs = await CoreDns.start(`. {\n${lines}}\n`)
    await using ours = await startInProcess(lines)
    const names =
      'web a-web lb lb-text alias chain gone self srv a.srv c.srv mail txt group b.group none *.web any.srv a.* dns ns.dns'
    const questions: (readonly [name: string, type: string])[] = names
      .split(' ')
      .flatMap(name => TYPES.map(type => [`${name}.example.org`, type] as const))
    for (const type of ['A', 'AAAA', 'NS', 'CNAME', 'HTTPS']) questions.push(['example.org', type])
    for (const [name, type] of questions) {
      const [expected, reply] = await Promise.all([theirs.query(name, type), ours.queryTcp(name, type)])
      // What has no key of its own is there all the same.
      const isThere = (type === 'CNAME' || type === 'PTR') && expected.rcode === 'NXDOMAIN' && reply.rcode === 'NOERROR'
      assert.deepEqual(told(reply), { ...told(expected), ...(isThere && { rcode: 'NOERROR' }) }, `${name} ${type}`)
    }
  })
})
