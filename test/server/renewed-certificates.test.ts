import assert from 'node:assert/strict'
import { copyFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { Authority, hasOpenssl } from '#test/support/certificates.ts'
import { GrpcUpstream } from '#test/support/grpc-upstream.ts'
import { zone } from '#test/support/scripts.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'
import { startUpstream } from '#test/support/upstream.ts'
import { until } from '#test/support/waiting.ts'
import { web } from '../plugins/grpc/faults.ts'

const WEB = 'web.example.org. 300 IN A 192.0.2.1'

suite('certificates that the server shows upstream', { skip: !hasOpenssl() && 'openssl is not on this machine' }, () => {
  let authority: Authority
  let stranger: Authority
  before(() => {
    authority = new Authority()
    stranger = new Authority()
    for (const file of ['server', 'client', 'other']) authority.issue(file, 'IP:127.0.0.1')
    stranger.issue('client', 'DNS:client.example.org')
  })
  after(() => {
    authority[Symbol.dispose]()
    stranger[Symbol.dispose]()
  })

  /** An upstream that answers those who have a certificate of the authority. */
  const upstream = async (plugin: string) => {
    const ca = authority.read('ca.pem')
    const pair = { cert: authority.read('server.pem'), key: authority.read('server.key') }
    const tls = { ...pair, ca, requestCert: true, rejectUnauthorized: true }
    if (plugin === 'grpc') return GrpcUpstream.start(web, { tls })
    const forwarded = await startUpstream(zone(WEB), { tls })
    return { to: `tls://127.0.0.1:${forwarded.tlsPort}`, [Symbol.asyncDispose]: () => forwarded.stop() }
  }

  const start = (plugin: string, to: string) => {
    const files = {
      'cert.pem': authority.read('client.pem'),
      'key.pem': authority.read('client.key'),
      'ca.pem': authority.read('ca.pem'),
    }
    return startServer(`.:0 {\nmultisocket 2\n${plugin} . ${to} {\ntls cert.pem key.pem ca.pem\n}\n}\n`, { files })
  }

  const rcode = async (server: ServerProcess) => (await server.query('web.example.org')).rcode
  const install = (server: ServerProcess, from: Authority, file: string) => {
    copyFileSync(from.path(`${file}.key`), server.path('key.pem'))
    copyFileSync(from.path(`${file}.pem`), server.path('cert.pem'))
  }

  for (const plugin of ['forward', 'grpc'])
    test(`${plugin}: another certificate in the same files is shown soon, and one that cannot be is told`, async () => {
      await using asked = await upstream(plugin)
      await using server = await start(plugin, asked.to)
      assert.equal(await rcode(server), 'NOERROR')
      copyFileSync(authority.path('other.key'), server.path('key.pem'))
      const refused = new RegExp(`plugin/${plugin}: the old certificate stays in use: .*the key is not that of the certificate`)
      await server.waitForLine(refused)
      assert.equal(await rcode(server), 'NOERROR')
      install(server, stranger, 'client')
      await server.waitForLine(new RegExp(`plugin/${plugin}: the certificate has changed: reloading`))
      await until(async () => (await rcode(server)) === 'SERVFAIL')
      install(server, authority, 'other')
      await until(async () => (await rcode(server)) === 'NOERROR')
    })

  test('files of a Secret, exchanged at once by the link to their folder', async () => {
    await using asked = await upstream('forward')
    await using server = await start('forward', asked.to)
    for (const file of ['cert.pem', 'key.pem']) {
      rmSync(server.path(file))
      symlinkSync(`..data/${file}`, server.path(file))
    }
    for (const [from, outcome] of [
      [stranger, 'SERVFAIL'],
      [authority, 'NOERROR'],
    ] as const) {
      symlinkSync(from.folder, server.path('..data_tmp'))
      copyFileSync(from.path('client.pem'), from.path('cert.pem'))
      copyFileSync(from.path('client.key'), from.path('key.pem'))
      renameSync(server.path('..data_tmp'), server.path('..data'))
      await until(async () => (await rcode(server)) === outcome)
    }
  })
})
