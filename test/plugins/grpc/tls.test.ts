import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { Authority, hasOpenssl } from '#test/support/certificates.ts'
import { GrpcUpstream } from '#test/support/grpc-upstream.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { web } from './faults.ts'

suite('over TLS', { skip: !hasOpenssl() && 'openssl is not on this machine' }, () => {
  let authority: Authority
  before(() => {
    authority = new Authority()
    authority.issue('address', 'IP:127.0.0.1')
    authority.issue('named', 'DNS:dns.example.org')
    authority.issue('client', 'DNS:client.example.org')
  })
  after(() => authority[Symbol.dispose]())

  const start = (file: string, rejectUnauthorized = false) =>
    GrpcUpstream.start(web, {
      tls: {
        cert: authority.read(`${file}.pem`),
        key: authority.read(`${file}.key`),
        ca: authority.read('ca.pem'),
        requestCert: file === 'address',
        rejectUnauthorized,
      },
    })

  const ask = async (to: string, lines: string) => {
    await using server = await startInProcess(`errors\ngrpc . ${to} {\n${lines}\n}`)
    const { rcode } = await server.query('web.example.org')
    return rcode === 'NOERROR' ? rcode : server.waitForLine(/plugin\/errors/)
  }

  test('the certificate must be of the CA, and for the address or the name that is said', async () => {
    await using upstream = await start('named')
    const ca = `tls ${authority.path('ca.pem')}`
    assert.equal(await ask(upstream.to, `${ca}\ntls_servername dns.example.org`), 'NOERROR')
    assert.match(await ask(upstream.to, `${ca}\ntls_servername other.example.org`), /handshake failed: .*other\.example\.org/)
    assert.match(
      await ask(upstream.to, ca),
      /code = Unavailable desc = connection error: desc = "transport: authentication handshake failed: .*127\.0\.0\.1/,
    )
    assert.match(await ask(upstream.to, 'tls_servername dns.example.org'), /handshake failed: .*certificate/)
    assert.match(await ask(upstream.to, ''), /error reading server preface/)
    assert.equal(upstream.seen.length, 1)
  })

  test('a certificate of the client is shown', async () => {
    await using upstream = await start('address')
    const subjects: unknown[] = []
    upstream.script = (message, stream) => {
      subjects.push((stream.session!.socket as never as { authorized: boolean }).authorized)
      return web(message, stream)
    }
    const [ca, cert, key] = ['ca.pem', 'client.pem', 'client.key'].map(file => authority.path(file))
    assert.equal(await ask(upstream.to, `tls ${ca}`), 'NOERROR')
    assert.equal(await ask(upstream.to, `tls ${cert} ${key} ${ca}`), 'NOERROR')
    assert.deepEqual(subjects, [false, true])
  })

  test('an upstream that wants a certificate and gets none is not waited for', async () => {
    await using upstream = await start('address', true)
    const told = await ask(upstream.to, `tls ${authority.path('ca.pem')}`)
    assert.match(told, /code = Unavailable desc = connection error: /)
    assert.equal(upstream.seen.length, 0)
  })

  test('files that are none are told before the start', async () => {
    await assert.rejects(startInProcess(`grpc . 127.0.0.1 {\ntls ${authority.path('none.pem')}\n}`), /could not load TLS files/)
  })
})
