import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { Authority, hasOpenssl } from '#test/support/certificates.ts'
import { delayed, silence, zone } from '#test/support/scripts.ts'
import { runServer, startServer } from '#test/support/server.ts'
import { type FakeUpstream, startUpstream } from '#test/support/upstream.ts'
import { startLocal } from './server.ts'

const WEB = 'web.example.org. 300 IN A 192.0.2.1'
const LONG = Array.from({ length: 30 }, (_, i) => `long.example.org. 300 IN TXT "${String(i).padStart(100, '.')}"`)
const example = zone(WEB, ...LONG)

suite('encrypted upstreams', { skip: !hasOpenssl() && 'openssl is not on this machine' }, () => {
  let authority: Authority
  let named: FakeUpstream
  let addressed: FakeUpstream

  before(async () => {
    authority = new Authority()
    named = await startUpstream(example, { tls: authority.issue('named', 'DNS:dns.example.org') })
    addressed = await startUpstream(example, { tls: authority.issue('addressed', 'IP:127.0.0.1') })
  })
  after(async () => {
    await named.stop()
    await addressed.stop()
    authority[Symbol.dispose]()
  })

  const forward = (to: string, options = '') => startLocal(`forward . ${to} {\ntls ${authority.path('ca.pem')}\n${options}\n}`)

  test('tls: the name of the certificate is given for all upstreams, for one, or is the address', async () => {
    for (const [to, options] of [
      [`tls://127.0.0.1:${named.tlsPort}`, 'tls_servername dns.example.org'],
      [`tls://127.0.0.1%dns.example.org:${named.tlsPort}`, ''],
      [`tls://127.0.0.1:${addressed.tlsPort}`, ''],
    ] as const) {
      await using server = await forward(to, options)
      assert.deepEqual((await server.query('web.example.org.')).answer, [WEB], to)
    }
    assert.ok(named.seen.every(({ transport }) => transport === 'tls'))
  })

  test('tls: queries share a connection, long replies need no second one, health checks go the same way', async () => {
    const before = named.connections
    named.script = delayed(50, example)
    await using server = await forward(`tls://127.0.0.1%dns.example.org:${named.tlsPort}`)
    await Promise.all(Array.from({ length: 8 }, (_, i) => server.query(`n${i}.example.org.`)))
    assert.equal((await server.query('long.example.org.', 'TXT', { edns: { udpSize: 4096 } })).answer.length, 30)
    assert.equal(named.connections, before + 1)
    named.script = silence
    const count = named.seen.length
    const dead = server.query('dead.example.org.')
    await named.saw(count + 2)
    named.script = example
    assert.equal((await dead).rcode, 'NXDOMAIN')
    assert.ok(named.seen.some(({ name, type, transport }) => name === '.' && type === 'NS' && transport === 'tls'))
    assert.equal(await server.metric('coredns_proxy_conn_cache_misses_total', { proto: 'tcp-tls' }), 1)
  })

  test('what is encrypted is padded, so that its length does not tell the name; what is not is not', async () => {
    const dns = `forward dns.example.org 127.0.0.1:${named.port} {\nmax_fails 0\n}`
    for (const to of [
      `tls://127.0.0.1%dns.example.org:${named.tlsPort}`,
      `https://127.0.0.1%dns.example.org:${named.httpsPort}`,
    ]) {
      const count = named.seen.length
      const tls = `forward . ${to} {\nmax_fails 0\ntls ${authority.path('ca.pem')}\n}`
      await using server = await startLocal(`${dns}\n${tls}`)
      for (const length of [1, 40, 63])
        await server.query(`${'n'.repeat(length)}.example.org.`, 'A', { edns: { dnssecOk: true } })
      await server.query('dns.example.org.')
      const [plain, ...padded] = named.seen.slice(count).toSorted((one, other) => one.message.length - other.message.length)
      assert.deepEqual([plain!.transport, plain!.message.length], ['udp', 12 + 17 + 4 + 11])
      assert.deepEqual(padded.map(({ message, edns }) => [message.length, edns?.dnssecOk]), Array(3).fill([128, true])) // biome-ignore format: one line
    }
  })

  test('tls: a certificate for another name, or of an authority that is not known, is not accepted', async () => {
    for (const [to, ca] of [
      [`tls://127.0.0.1%other.example.org:${named.tlsPort}`, `tls ${authority.path('ca.pem')}`],
      [`tls://127.0.0.1:${named.tlsPort}`, `tls ${authority.path('ca.pem')}`],
      [`tls://127.0.0.1%dns.example.org:${named.tlsPort}`, ''],
    ] as const) {
      const count = named.seen.length
      await using server = await startServer(`.:0 {\nerrors\nforward . ${to} {\n${ca}\n}\n}\n`)
      assert.equal((await server.query('web.example.org.')).rcode, 'SERVFAIL')
      await server.waitForLine(/plugin\/errors: 2 web\.example\.org\. A: dial tcp 127\.0\.0\.1:\d+: .*(certificate|altnames)/)
      assert.equal(named.seen.length, count)
    }
  })

  test('tls: the client’s certificate is shown', async () => {
    authority.issue('client', 'DNS:client.example.org')
    const tls = { ...authority.issue('strict', 'IP:127.0.0.1'), ca: readFileSync(authority.path('ca.pem'), 'utf8') }
    await using strict = await startUpstream(example, { tls: { ...tls, requestCert: true, rejectUnauthorized: true } })
    const files = ['client.pem', 'client.key', 'ca.pem'].map(file => authority.path(file)).join(' ')
    await using server = await startLocal(`forward . tls://127.0.0.1:${strict.tlsPort} {\ntls ${files}\n}`)
    assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
    await using anonymous = await forward(`tls://127.0.0.1:${strict.tlsPort}`)
    assert.equal((await anonymous.query('web.example.org.')).rcode, 'SERVFAIL')
  })

  test('tls: files that cannot be used are seen before the start', async () => {
    const files = {
      'bad.pem': 'no certificate',
      'named.pem': readFileSync(authority.path('named.pem'), 'utf8'),
      'addressed.key': readFileSync(authority.path('addressed.key'), 'utf8'),
    }
    for (const [tls, message] of [
      ['none.pem', /no such file or directory, open '.*none\.pem'/],
      ['bad.pem', /PEM/],
      ['named.pem bad.pem', /./],
      ['named.pem addressed.key', /the key is not that of the certificate/],
    ] as const) {
      await using server = await runServer(`.:0 {\nforward . tls://127.0.0.1 {\ntls ${tls}\n}\n}\n`, {
        files,
        args: ['-validate'],
      })
      assert.equal((await server.exited).code, 1, tls)
      assert.match(server.output, /^plugin\/forward: .*:\d+ - could not load TLS files: .+$/m)
      assert.match(server.output, message)
    }
  })

  for (const method of ['POST', 'GET']) {
    test(`https: ${method}, with id 0, over one connection`, async () => {
      const count = named.seen.length
      await using server = await forward(
        `https://127.0.0.1:${named.httpsPort}`,
        `tls_servername dns.example.org\ndoh_method ${method}`,
      )
      const answers = await Promise.all(Array.from({ length: 20 }, () => server.query('web.example.org.')))
      assert.ok(answers.every(({ answer }) => answer[0] === WEB))
      assert.equal((await server.query('long.example.org.', 'TXT', { edns: { udpSize: 4096 } })).answer.length, 30)
      const seen = named.seen.slice(count)
      assert.ok(seen.every(({ transport, id }) => transport === 'https' && id === 0))
      assert.equal(new Set(seen.map(({ from }) => from)).size, 1)
    })
  }

  test('https: a connection that the upstream closed, or that died without a word, is opened again', async () => {
    await using server = await forward(`https://127.0.0.1%dns.example.org:${named.httpsPort}`, 'read_timeout 300ms')
    const ask = async () => (await server.query('web.example.org.')).answer
    assert.deepEqual(await ask(), [WEB])
    named.disconnect()
    assert.deepEqual(await ask(), [WEB])
    const dead = named.seen.at(-1)!.from
    named.script = asked => (asked.from === dead ? undefined : example(asked))
    assert.deepEqual(await ask(), [])
    assert.deepEqual(await ask(), [WEB])
    named.script = example
  })

  test('https: what is no reply is SERVFAIL, with the reason', async () => {
    const to = `https://127.0.0.1%dns.example.org:${named.httpsPort}`
    await using server = await startServer(`.:0 {\nerrors\nforward . ${to} {\ntls ${authority.path('ca.pem')}\n}\n}\n`)
    const fails = async (reason: RegExp) => {
      assert.equal((await server.query('web.example.org.')).rcode, 'SERVFAIL')
      await server.waitForLine(new RegExp(`A: Post "https://127\\.0\\.0\\.1:\\d+/dns-query": ${reason.source}`))
    }
    named.faults.status = 500
    await fails(/expected status 200, got 500/)
    named.faults.status = 200
    named.script = () => Buffer.from('no message at all')
    named.faults.contentType = 'text/html'
    await fails(/the body \(text\/html\) is no reply to the question/)
    named.script = () => Buffer.alloc(66_000)
    await fails(/body is longer than 65535 octets/)
    named.script = example
    for (const contentType of ['application/dns-message; charset=utf-8', 'Application/DNS-Message', 'application/octet-stream']) {
      named.faults.contentType = contentType
      assert.deepEqual((await server.query('web.example.org.')).answer, [WEB], contentType)
    }
    named.faults.contentType = 'application/dns-message'
  })
})
