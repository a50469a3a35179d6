import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFile, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { readWebConfig } from '#plugins/prometheus/web-config.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { freePort } from '#test/support/ports.ts'
import { runServer, startServer } from '#test/support/server.ts'

/** A folder with cert.pem and key.pem for localhost, which sign themselves. */
async function certified() {
  const folder = await mkdtempDisposable(join(tmpdir(), 'certificate-'))
  const command =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost'
  execFileSync('openssl', [...command.split(' '), '-keyout', 'key.pem', '-out', 'cert.pem'], {
    cwd: folder.path,
    stdio: 'ignore',
  })
  return folder
}

const PAIR = 'cert_file: cert.pem, key_file: key.pem'

function get(port: number, options: object): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', servername: 'localhost', port, path: '/metrics', agent: false, ...options }, async response => {
      let body = ''
      for await (const chunk of response) body += chunk
      resolve({ status: response.statusCode, body })
    })
      .once('error', reject)
      .end()
  })
}

test('/metrics over HTTPS, with certificates named from the file on', async () => {
  await using folder = await certified()
  const port = await freePort()
  await writeFile(
    join(folder.path, 'web.yaml'),
    `tls_server_config: { ${PAIR}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: cert.pem }\n`,
  )
  await using server = await startServer(
    `.:0 {\n root ${folder.path}\n prometheus 127.0.0.1:${port} {\n  tls web.yaml\n }\n whoami\n}\n`,
  )
  const [cert, key] = await Promise.all(['cert.pem', 'key.pem'].map(name => readFile(join(folder.path, name))))
  const { status, body } = await get(port, { ca: cert, cert, key })
  assert.equal(status, 200)
  assert.match(body, /^coredns_build_info/m)
  await assert.rejects(get(port, { ca: cert }), { code: /ECONNRESET|ERR_SSL/ })
  assert.ok(server.port > 0)
})

test('a reload shows another certificate, one that fails that of before', async () => {
  await using folder = await certified()
  await using other = await certified()
  const port = await freePort()
  const pem = async ({ path }: { path: string }) => ({ ca: await readFile(join(path, 'cert.pem')) })
  const [first, second] = [await pem(folder), await pem(other)]
  await writeFile(join(folder.path, 'web.yaml'), `tls_server_config: { ${PAIR} }\n`)
  const lines = `root ${folder.path}\nprometheus 127.0.0.1:${port} {\n tls web.yaml\n}\nwhoami`
  await using server = await startInProcess(lines)
  assert.equal((await get(port, first)).status, 200)
  for (const name of ['cert.pem', 'key.pem']) await copyFile(join(other.path, name), join(folder.path, name))
  server.corefile = `.:0 {\n${lines}\nfile missing example.org {\n reload 0\n}\n}\n`
  await assert.rejects(server.server.reload(), /ENOENT/)
  assert.equal((await get(port, first)).status, 200)
  server.corefile = `.:0 {\n${lines}\n}\n`
  await server.server.reload()
  assert.equal((await get(port, second)).status, 200)
  await assert.rejects(get(port, first), { code: /CERT|SELF_SIGNED/ })
})

test('a file that is missing keeps the server from starting', async () => {
  await using server = await runServer('.:0 {\n prometheus 127.0.0.1:0 {\n  tls none.yaml\n }\n whoami\n}\n')
  assert.deepEqual(await server.exited, { code: 1, signal: null })
  assert.match(server.stderr.join('\n'), /plugin\/prometheus: \S*Corefile:\d+ - TLS config file .*none\.yaml: ENOENT/)
})

const read = async (yaml: string) => {
  await using folder = await certified()
  const file = join(folder.path, 'web.yaml')
  await writeFile(file, yaml)
  return await readWebConfig(file)
}

test('without a TLS part there is no TLS', async () => {
  assert.equal(await read(''), undefined)
  assert.equal(await read('{}'), undefined)
})

test('versions are those asked for, 1.2 and later by default', async () => {
  const versions = async (yaml: string) => {
    const { minVersion, maxVersion, requestCert } = (await read(yaml))!
    return [minVersion, maxVersion, requestCert]
  }
  assert.deepEqual(await versions(`tls_server_config: { ${PAIR} }`), ['TLSv1.2', 'TLSv1.3', false])
  assert.deepEqual(await versions(`tls_server_config: { ${PAIR}, min_version: TLS13, client_auth_type: NoClientCert }`), [
    'TLSv1.3',
    'TLSv1.3',
    false,
  ])
})

const refused: readonly (readonly [yaml: string, message: RegExp])[] = [
  ['- a', /the file must be a mapping/],
  ['a: [', /web\.yaml: /],
  ['basic_auth_users: { a: b }', /basic_auth_users is not supported/],
  ['tls_server_config: 1', /tls_server_config must be a mapping/],
  ['tls_server_config: {}', /a certificate and a key are needed/],
  ['tls_server_config: { cert_file: cert.pem }', /a certificate and a key are needed/],
  ['tls_server_config: { cert: x, cert_file: cert.pem, key: y }', /cert and cert_file exclude each other/],
  ['tls_server_config: { cert_file: none.pem, key_file: key.pem }', /ENOENT/],
  [`tls_server_config: { ${PAIR}, cipher_suites: [A] }`, /cipher_suites is not supported/],
  [`tls_server_config: { ${PAIR}, min_version: TLS14 }`, /min_version 'TLS14' is not one of TLS10, TLS11, TLS12, TLS13/],
  [`tls_server_config: { ${PAIR}, client_auth_type: RequireAnyClientCert }`, /client_auth_type 'RequireAnyClientCert' is not one of NoClientCert, RequireAndVerifyClientCert/],
  [`tls_server_config: { ${PAIR}, client_auth_type: RequireAndVerifyClientCert }`, /client_auth_type needs client_ca/],
] // biome-ignore format: a table

suite('mistakes are named', () => {
  for (const [yaml, message] of refused) test(yaml, () => assert.rejects(read(yaml), message))
})
