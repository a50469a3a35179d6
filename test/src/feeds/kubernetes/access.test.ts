/** How an API server is reached: from inside a pod, by a URL, by a kubeconfig file. */
import assert from 'node:assert/strict'
import { mkdtempDisposable, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Access, type AccessSource, Credentials } from '#src/feeds/kubernetes/access.ts'
import { endpoint } from '#src/feeds/kubernetes/endpoint.ts'
import { inCluster } from '#src/feeds/kubernetes/in-cluster.ts'
import { kubeconfig } from '#src/feeds/kubernetes/kubeconfig.ts'
import { selfSigned } from '#test/support/kubernetes/certificate.ts'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { service } from '#test/support/kubernetes/objects.ts'
import { TcpProxy } from '#test/support/kubernetes/tcp-proxy.ts'
import { logged, watchCluster } from '#test/support/kubernetes/watching.ts'

const tls = selfSigned()
const skip = tls ? false : 'openssl is not on this machine'

const folder = () => mkdtempDisposable(join(tmpdir(), 'access-'))

/** As the kubelet does it: the new file takes the place of the old one. */
async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}

test('a pod shows its token, reads it anew when it is not accepted, and trusts the certificates of its mount', {
  skip,
}, async t => {
  await using mount = await folder()
  await using api = await FakeApi.start(tls)
  api.token = 'first'
  const environment = process.env
  t.after(() => {
    process.env = environment
  })
  process.env = { ...environment, KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: `${api.port}` }
  await writeFile(join(mount.path, 'ca.crt'), tls!.cert)
  await writeFile(join(mount.path, 'token'), 'first\n')

  using watching = watchCluster(inCluster(mount.path), ['Service'], { timing: { lifetime: [1000, 1000] } })
  const { cluster, observer, log } = watching
  await cluster.synced(['Service'])
  assert.equal(api.seen[0]!.http, '2.0')
  await replace(join(mount.path, 'token'), 'second')
  api.token = 'second'
  const first = api.seen.length
  await api.asked(({ authorization }) => authorization === 'Bearer second', first)
  api.put(service('backend'))
  await observer.until(({ objects }) => objects.size === 1)
  assert.deepEqual(log, [])

  // A token that is of no use in either reading is a trouble.
  api.token = 'third'
  await logged(log, /services: Unauthorized \(401\)/)
  await replace(join(mount.path, 'token'), 'third')
  await logged(log, /watched again/)
})

test('what is closed while it finds out how the server is reached does not connect', { skip }, async () => {
  await using api = await FakeApi.start(tls)
  await using proxy = await TcpProxy.start(api.port)
  const { promise, resolve } = Promise.withResolvers<Access>()
  const source: AccessSource = { key: 'slow', name: 'slow', read: () => promise }
  const [early, late] = [watchCluster(source, ['Service']), watchCluster(source, ['Service'])]
  using _late = late
  await nextTurn()
  early.cluster.close()
  resolve({ server: `https://127.0.0.1:${proxy.port}`, tls: { ca: tls!.cert }, headers: {} })
  await late.cluster.synced(['Service'])
  assert.equal(proxy.connections, 1)
})

test('certificates that are not trusted are told of, and trusted as soon as the file says so', { skip }, async () => {
  await using files = await folder()
  await using api = await FakeApi.start(tls)
  const paths = { ca: join(files.path, 'ca'), cert: join(files.path, 'cert'), key: join(files.path, 'key') }
  const stranger = selfSigned()!
  await writeFile(paths.ca, stranger.cert)
  await writeFile(paths.cert, tls!.cert)
  await writeFile(paths.key, tls!.key)
  using watching = watchCluster(endpoint(`https://127.0.0.1:${api.port}/`, paths), ['Service'])
  await logged(watching.log, /self-signed certificate/)
  await replace(paths.ca, tls!.cert)
  await watching.cluster.synced(['Service'])
})

test('outside of a cluster, what is missing is named', () => {
  assert.throws(() => inCluster('/nowhere').read(false), /KUBERNETES_SERVICE_HOST/)
  assert.throws(() => endpoint('https://192.0.2.1', { ca: '/nowhere', cert: '/nowhere', key: '/nowhere' }).read(false), /ENOENT/)
})

test('what was read last is used while the source cannot be read, unless it was refused', async () => {
  const access = { server: 'http://192.0.2.1', tls: {}, headers: {} }
  let readable = true
  const credentials = new Credentials({
    key: '',
    name: '',
    read: () => {
      if (!readable) throw new Error('gone')
      return { ...access }
    },
  })
  const first = await credentials.get()
  readable = false
  credentials.doubt()
  assert.equal(await credentials.get(), first)
  await assert.rejects(credentials.renew(first), /gone/)
  readable = true
  const renewed = await credentials.renew(first)
  assert.notEqual(renewed, first)
  // Whoever is refused with what was read before is given what another one has read meanwhile.
  assert.equal(await credentials.renew(first), renewed)
})

const config = (server: string, user: string, cluster = ''): string => `
apiVersion: v1
kind: Config
current-context: here
clusters: [{name: here, cluster: {server: '${server}'${cluster}}}]
users: [{name: me, user: ${user}}]
contexts: [{name: here, context: {cluster: here, user: me}}, {name: nobody, context: {cluster: here, user: none}}, {name: lost, context: {cluster: away, user: me}}]
`

test('a kubeconfig file: the server, whom to trust, what to show', { skip }, async () => {
  await using files = await folder()
  const path = join(files.path, 'config')
  const data = (text: string) => Buffer.from(text).toString('base64')
  const user = `{token: secret, client-certificate-data: ${data(tls!.cert)}, client-key-data: ${data(tls!.key)}}`
  await writeFile(
    path,
    config('https://192.0.2.1:6443', user, `, certificate-authority-data: ${data('CA')}, tls-server-name: kube`),
  )
  assert.deepEqual(await kubeconfig(path).read(false), {
    server: 'https://192.0.2.1:6443',
    tls: { ca: 'CA', cert: tls!.cert, key: tls!.key, servername: 'kube' },
    headers: { authorization: 'Bearer secret' },
  })
  await assert.rejects(async () => kubeconfig(path, 'elsewhere').read(false), /there is no context elsewhere/)
  await assert.rejects(async () => kubeconfig(path, 'lost').read(false), /the cluster of context lost is not in the file/)
  await assert.rejects(async () => kubeconfig(join(files.path, 'none')).read(false), /ENOENT/)
})

test('a kubeconfig file: a program gives a token, and is asked again when it is refused or about to expire', async () => {
  await using files = await folder()
  await using api = await FakeApi.start()
  const [path, tokens] = [join(files.path, 'config'), join(files.path, 'tokens')]
  const jwt = (expires: number) => `x.${Buffer.from(JSON.stringify({ exp: expires })).toString('base64url')}.y`
  const script = `cat ${tokens}; echo asked >> ${tokens}.log`
  const say = (token: string) =>
    writeFile(
      tokens,
      JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } }),
    )
  await say('first')
  const exec = `{exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, args: ['-c', '${script}']}}`
  await writeFile(path, config(api.url, exec))
  api.token = 'first'
  using watching = watchCluster(kubeconfig(path), ['Service'], { timing: { lifetime: [1000, 1000] } })
  await watching.cluster.synced(['Service'])
  await say('second')
  api.token = 'second'
  await api.asked(({ authorization }) => authorization === 'Bearer second')
  assert.deepEqual(watching.log, [])

  const source = kubeconfig(path)
  const read = async () => (await source.read(false)).headers.authorization
  const soon = jwt(Date.now() / 1000 + 30)
  await say(soon)
  assert.equal(await read(), `Bearer ${soon}`)
  const later = jwt(Date.now() / 1000 + 3600)
  await say(later)
  assert.equal(await read(), `Bearer ${later}`)
  await say('unread')
  assert.equal(await read(), `Bearer ${later}`)
  const asked = async () => (await readFile(`${tokens}.log`, 'utf8')).split('\n').length
  const before = await asked()
  for (let i = 0; i < 3; i++) await source.read(true)
  assert.equal(await asked(), before, 'it has just been asked once more')
})

test('a kubeconfig file: what a program is told, and what becomes of one that gives no credentials', async () => {
  await using files = await folder()
  const path = join(files.path, 'config')
  const read = async (name: string, exec: object) => {
    const file = `${path}-${name}`
    const user = JSON.stringify({ exec: { apiVersion: 'client.authentication.k8s.io/v1beta1', ...exec } })
    await writeFile(file, config('https://192.0.2.1', user, ', tls-server-name: kube'))
    return kubeconfig(file).read(false)
  }
  const shell = (script: string) => ({ command: 'sh', args: ['-c', script] })
  const program = join(files.path, 'program')
  // What it is told becomes the key, and what it is given to read the certificate.
  const status = '{"clientCertificateData":"-$(cat)-","clientKeyData":"$KIND $(echo $KUBERNETES_EXEC_INFO | base64 -w 0)"}'
  await writeFile(program, `#!/bin/sh\ncat <<END\n{"status":${status}}\nEND\n`, { mode: 0o755 })
  const env = [{ name: 'KIND', value: 'test' }]
  const failures: Record<string, readonly [exec: object, problem: RegExp]> = {
    absent: [{ command: 'no-such', installHint: 'install it' }, /: there is no program no-such: install it$/],
    failing: [shell('echo one >&2; echo two >&2; exit 3'), /: sh ended with 3: one two$/],
    silent: [shell('exit 3'), /: sh ended with 3: it says nothing$/],
    babbling: [shell('echo token'), /: sh printed no ExecCredential with a token/],
    anonymous: [shell('echo "{\\"status\\":{}}"'), /: sh printed no ExecCredential with a token/],
    asking: [{ command: 'sh', interactiveMode: 'Always' }, /: sh would have to ask a person/],
  }
  const [given] = await Promise.all([
    read('told', { command: './program', env, provideClusterInfo: true }),
    ...Object.entries(failures).map(([name, [exec, problem]]) => assert.rejects(read(name, exec), problem)),
  ])
  const [kind, told] = given.tls.key!.split(' ')
  assert.deepEqual([given.tls.cert, kind], ['--', 'test'])
  assert.deepEqual(JSON.parse(Buffer.from(told!, 'base64').toString()), {
    apiVersion: 'client.authentication.k8s.io/v1beta1',
    kind: 'ExecCredential',
    spec: { interactive: false, cluster: { server: 'https://192.0.2.1', 'tls-server-name': 'kube' } },
  })
})

test('a kubeconfig file: a certificate that a program gives is exchanged before it expires', async () => {
  await using files = await folder()
  const [path, said] = [join(files.path, 'config'), join(files.path, 'said')]
  const say = (cert: string, seconds: number) => {
    const expirationTimestamp = new Date(Date.now() + 1000 * seconds).toISOString()
    return writeFile(said, JSON.stringify({ status: { clientCertificateData: cert, clientKeyData: 'key', expirationTimestamp } }))
  }
  await writeFile(path, config('https://192.0.2.1', `{exec: {command: cat, args: ['${said}']}}`))
  const source = kubeconfig(path)
  for (const [cert, seconds] of [
    ['first', 30],
    ['second', 3600],
  ] as const) {
    await say(cert, seconds)
    assert.equal((await source.read(false)).tls.cert, cert)
  }
  await say('third', 3600)
  assert.equal((await source.read(false)).tls.cert, 'second')
})

test('a kubeconfig file: a mistake in it is told of without what stands around it', async () => {
  await using files = await folder()
  const path = join(files.path, 'config')
  await writeFile(path, `${config('https://192.0.2.1', '{token: secret}')}\n\t- mistake\n`)
  await assert.rejects(
    async () => kubeconfig(path).read(false),
    ({ message }: Error) => /config: \S.* \(\d+:\d+\)$/.test(message) && !message.includes('secret'),
  )
})

test('a kubeconfig file: no process is started for what cannot have changed', async () => {
  await using files = await folder()
  const [path, log] = [join(files.path, 'config'), join(files.path, 'log')]
  await writeFile(path, config('https://192.0.2.1', '{token: refused}'))
  const source = kubeconfig(path)
  assert.equal(await source.read(false), await source.read(true))

  const failing = join(files.path, 'failing')
  await writeFile(failing, config('https://192.0.2.1', `{exec: {command: sh, args: ['-c', 'echo asked >> ${log}; exit 1']}}`))
  const broken = kubeconfig(failing)
  for (let i = 0; i < 3; i++) await assert.rejects(async () => broken.read(false), /sh ended with 1/)
  assert.equal(await readFile(log, 'utf8'), 'asked\n')
  await writeFile(failing, config('https://192.0.2.1', '{token: mended}'))
  assert.equal((await broken.read(false)).headers.authorization, 'Bearer mended')
})

test('a kubeconfig file: files that it names are read anew when they have changed', { skip }, async () => {
  await using files = await folder()
  await using api = await FakeApi.start(tls)
  const path = join(files.path, 'config')
  await writeFile(join(files.path, 'ca'), selfSigned()!.cert)
  await writeFile(path, config(api.url, '{}', ', certificate-authority: ca'))
  using watching = watchCluster(kubeconfig(path), ['Service'])
  await logged(watching.log, /self-signed certificate/)
  await replace(join(files.path, 'ca'), tls!.cert)
  await watching.cluster.synced(['Service'])

  const [cert, key, token] = ['cert', 'key', 'token'].map(name => join(files.path, name))
  await Promise.all([cert, key, token].map(file => writeFile(file!, 'first')))
  const other = join(files.path, 'other')
  await writeFile(other, config(api.url, '{client-certificate: cert, client-key: key, tokenFile: token}'))
  const source = kubeconfig(other)
  const first = await source.read(false)
  assert.deepEqual([first.tls.cert, first.tls.key, first.headers.authorization], ['first', 'first', 'Bearer first'])
  assert.equal(await source.read(false), first)
  for (const [i, file] of [cert, key, token].entries()) {
    await replace(file!, 'second')
    const { tls, headers } = await source.read(false)
    const said = [tls.cert, tls.key, headers.authorization]
    assert.deepEqual(
      said,
      ['first', 'first', 'Bearer first'].map((text, at) => (at > i ? text : text.replace('first', 'second'))),
    )
  }
  await rm(cert!)
  await assert.rejects(async () => source.read(false), /cert/)
})
