/** Streams that come and go. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { Istiod } from '#src/feeds/istiod/source.ts'
import { assignment, cluster, nameTable, wdsService, workload } from '#test/support/istiod/resources.ts'
import { TestIstiod, type Tls } from '#test/support/istiod/test-istiod.ts'
import { selfSigned } from '#test/support/kubernetes/certificate.ts'
import { TcpProxy } from '#test/support/kubernetes/tcp-proxy.ts'
import { freePort } from '#test/support/ports.ts'
import { shortest, until } from '#test/support/waiting.ts'
import { has, watchIstiod } from './watching.ts'

const WEB = 'web.default.svc.cluster.local'
const ONE = 'web.default.svc vips 10.96.0.1 at 10.0.0.1'
const TWO = 'web.default.svc vips 10.96.0.1 at 10.0.0.2'

const pod = (address: string) =>
  workload('default', 'web-x', { addresses: [address], services: [`default/${WEB}`], workload: 'web' })

/** One that tells of a service with one pod. */
async function startIstiod(options: { ambient?: boolean; tls?: Tls } = {}): Promise<TestIstiod> {
  const istiod = await TestIstiod.start(options)
  istiod.hold('WDS', [wdsService('default', 'web', { vips: ['10.96.0.1'] }), pod('10.0.0.1')])
  istiod.hold('NDS', [nameTable({ [WEB]: [['10.96.0.1'], 'web', 'default'] })])
  istiod.hold('CDS', [cluster(80, WEB)])
  istiod.hold('EDS', [assignment(80, WEB, [{ address: '10.0.0.1' }])])
  return istiod
}

test('who asks is told in the first request, and which cluster with every call', async () => {
  await using istiod = await startIstiod({ ambient: false })
  await using watched = watchIstiod([istiod.address], { namespace: 'dns', clusterId: 'east' })
  await has(watched, ONE)
  await until(() => istiod.requests.length >= 7)
  const [first, second, ...others] = istiod.requests
  assert.match(first!.node, /^ztunnel~192\.0\.2\.1~[^~]+\.dns~dns\.svc\.cluster\.local$/)
  assert.match(second!.node, /^sidecar~/)
  assert.deepEqual(first!.metadata, { NAMESPACE: 'dns', CLUSTER_ID: 'east', INSTANCE_IPS: '192.0.2.1,2001:db8::1' })
  assert.deepEqual(second!.metadata, { ...first!.metadata, DNS_CAPTURE: 'true', DISABLE_HBONE_SEND: 'true' })
  assert.ok(others.every(({ node }) => node === ''))
  await using near = watchIstiod([istiod.address], { network: 'west' })
  await has(near, ONE)
  assert.equal(istiod.requests.findLast(({ node }) => node !== '')!.metadata.NETWORK, 'west')
  assert.deepEqual(
    istiod.metadata.map(metadata => metadata.get('clusterid')),
    [['east'], ['east'], ['Kubernetes'], ['Kubernetes']],
  )
})

test('GOAWAY: a new stream at once, and nothing is said of it', async () => {
  const time = await shortest(400, async () => {
    await using istiod = await startIstiod()
    await using watched = watchIstiod([istiod.address])
    await has(watched, ONE)
    const before = performance.now()
    istiod.goAway()
    await until(() => istiod.metadata.length >= 2)
    const waited = performance.now() - before
    istiod.push('WDS', [pod('10.0.0.2')])
    await has(watched, TWO)
    assert.deepEqual([watched.removed, watched.log], [[], []])
    return waited
  })
  assert.ok(time < 400, `${time} ms`)
})

test('who is sent away before anything came waits', async () => {
  await using istiod = await startIstiod()
  istiod.script = () => setImmediate(() => istiod.goAway())
  await using watched = watchIstiod([istiod.address])
  await watched.until(() => watched.log.length > 0)
  assert.match(watched.log[0]!, /the connection has lasted long enough$/)
})

suite('a stream that ends', () => {
  for (const [code, details, words] of [
    [2, 'server is not ready', /server is not ready: istiod is still starting; what is known stays/],
    [7, 'no authorization', /no authorization: namespace must be that of the service account/],
    [8, 'rate limit', /rate limit: istiod takes no more at the moment: give it more replicas/],
    [12, 'unknown service', /unknown service: what answers there is no istiod/],
    [14, 'going down', /going down; what is known stays/],
    [16, 'authentication failure', /authentication failure: this port wants TLS and a token/],
    [3, 'missing IP', /missing IP: istiod does not accept what it is told of this server/],
    [13, '', /status 13; what is known stays/],
  ] as const) {
    test(`with status ${code} is told in words, once, and what is known stays`, async () => {
      await using istiod = await startIstiod()
      await using watched = watchIstiod([istiod.address])
      await has(watched, ONE)
      istiod.stop()
      istiod.refusal = { code, details }
      await istiod.serve()
      await watched.until(() => watched.log.some(line => words.test(line)))
      assert.ok(watched.log.some(line => line.startsWith(`[WARNING] istiod ${istiod.address}: `)))
      istiod.refusal = undefined
      istiod.hold('WDS', [pod('10.0.0.2')])
      await watched.until(() => watched.hosts.join() === TWO)
      assert.equal(watched.log.filter(line => words.test(line)).length, 1)
      assert.match(watched.log.at(-1)!, /the stream is up again/)
      assert.deepEqual(watched.removed, [])
    })
  }
})

test('a port that has told something in plain text is not one that wants TLS', async () => {
  await using istiod = await startIstiod()
  await using proxy = await TcpProxy.start(istiod.port)
  await using watched = watchIstiod([`127.0.0.1:${proxy.port}`])
  await has(watched, ONE)
  // What stands before an istiod that restarts may take connections and end them.
  proxy.open = false
  proxy.cut()
  await until(() => proxy.connections >= 3)
  assert.deepEqual(
    watched.log.filter(line => /istiod_tls/.test(line) || !/; what is known stays$/.test(line)),
    [],
  )
  assert.ok(watched.log.length > 0)
})

test('what is waited for is told: the connection, then the type', async () => {
  const port = await freePort()
  await using watched = watchIstiod([`127.0.0.1:${port}`])
  await watched.until(() => /ECONNREFUSED.*is istiod there, and is it the right port\?/.test(watched.feed.waiting))
  await using istiod = await startIstiod({ ambient: false })
  const names = Promise.withResolvers<void>()
  const endpoints = Promise.withResolvers<void>()
  istiod.delay = type => (type === 'NDS' ? names : type === 'EDS' ? endpoints : undefined)?.promise
  await using other = watchIstiod([istiod.address], { mode: 'eds' })
  await until(() => other.feed.waiting === 'NDS: nothing has come yet')
  names.resolve()
  await until(() => other.feed.waiting === 'EDS: 1 of 1 clusters have not come yet')
  assert.equal(other.feed.records.size, 0)
  endpoints.resolve()
  await has(other, ONE)
})

test('the next address is tried when one fails, without waiting', async () => {
  await using istiod = await startIstiod()
  // With waits between them it would take some twenty seconds.
  const dead = await Promise.all(Array.from({ length: 8 }, freePort))
  await using watched = watchIstiod([...dead.map(port => `127.0.0.1:${port}`), istiod.address])
  await watched.until(() => watched.feed.complete)
  assert.match(watched.log[0]!, /ECONNREFUSED/)
})

test('a message that is cut does not count', async () => {
  await using istiod = await startIstiod()
  await using proxy = await TcpProxy.start(istiod.port)
  await using watched = watchIstiod([`127.0.0.1:${proxy.port}`])
  await has(watched, ONE)
  // More than may be on its way without an acknowledgement: the cut comes in the middle.
  const many = Array.from({ length: 40_000 }, (_, i) => wdsService('default', `other-${i}`))
  istiod.hold('WDS', [pod('10.0.0.2')])
  proxy.cut()
  await until(() => istiod.metadata.length >= 2)
  await has(watched, TWO)
  const data = watched.feed.traffic![0]!.octets
  istiod.push('WDS', [pod('10.0.0.3'), ...many], [])
  await new Promise(setImmediate)
  proxy.cut()
  istiod.push(
    'WDS',
    [pod('10.0.0.2')],
    many.map(({ name }) => name),
  )
  await until(() => istiod.metadata.length >= 3)
  await watched.until(() => watched.feed.traffic![0]!.octets > data)
  assert.deepEqual([watched.hosts, watched.removed], [[TWO], []])
})

test('a mode that is forced is not left', async () => {
  await using istiod = await startIstiod({ ambient: false })
  await using wds = watchIstiod([istiod.address], { mode: 'wds' })
  await wds.until(() =>
    /istiod offers no WDS: let it run with PILOT_ENABLE_AMBIENT=true, or set istiod_mode/.test(wds.log.join()),
  )
  istiod.ambient = true
  await using eds = watchIstiod([istiod.address], { mode: 'eds' })
  await has(eds, ONE)
  assert.ok(istiod.requests.some(({ node }) => node.startsWith('sidecar~')))
})

test('an istiod that tells a ztunnel of nothing offers no WDS, as before Istio 1.22', async () => {
  await using istiod = await TestIstiod.start()
  istiod.hold('NDS', [nameTable({ [WEB]: [['10.96.0.1'], 'web', 'default'] })])
  istiod.hold('CDS', [cluster(80, WEB)])
  istiod.hold('EDS', [assignment(80, WEB, [{ address: '10.0.0.1' }])])
  await using watched = watchIstiod([istiod.address])
  await has(watched, ONE)
  assert.deepEqual(watched.log, [])
  await using wds = watchIstiod([istiod.address], { mode: 'wds' })
  await wds.until(() => /nothing was told to a ztunnel: istiod offers no WDS: let it run with/.test(wds.log.join()))
  assert.equal(wds.feed.complete, false)
})

test('an istiod that begins or ceases to offer WDS is followed, with no moment of less', async () => {
  await using istiod = await startIstiod({ ambient: false })
  await using watched = watchIstiod([istiod.address])
  await has(watched, ONE)
  const least: number[] = []
  const addresses = () => new Set(watched.hosts.flatMap(line => line.match(/10\.0\.0\.\d+/g) ?? [])).size
  await watched.feed.subscribe(() => least.push(addresses()))
  for (const ambient of [true, false]) {
    istiod.ambient = ambient
    istiod.goAway()
    await watched.until(() => watched.feed.objects.has(ambient ? 'WDS' : 'EDS') && watched.hosts.join() === ONE)
  }
  assert.ok(least.length > 0 && least.every(count => count === 1), least.join())
})

test('the same nonce again is acknowledged again', async () => {
  await using istiod = await startIstiod()
  istiod.nonce = 'always'
  await using watched = watchIstiod([istiod.address])
  await has(watched, ONE)
  istiod.push('WDS', [pod('10.0.0.2')])
  await has(watched, TWO)
  await until(() => istiod.requests.filter(({ nonce, refusal }) => nonce === 'always' && refusal === '').length === 2)
})

suite('TLS', () => {
  const pair = selfSigned()
  const options = { skip: pair ? false : 'openssl is not on this machine' }
  const [key, cert] = [Buffer.from(pair?.key ?? ''), Buffer.from(pair?.cert ?? '')]
  const tls = (ca: Buffer | null = null): Tls => ({ ca, pairs: [{ private_key: key, cert_chain: cert }] })

  /** The files are written beside what is watched, and named by paths that count from there. */
  const watchSecurely = (istiod: TestIstiod, said: Partial<Istiod>, files: Readonly<Record<string, string | Buffer>>) => {
    const watched = watchIstiod([istiod.address], said)
    for (const [name, content] of Object.entries(files)) writeFileSync(join(watched.folder, name), content)
    return watched
  }

  test('the certificate is checked against a file, which is read anew for each connection', options, async () => {
    await using istiod = await startIstiod({ tls: tls() })
    await using watched = watchSecurely(istiod, { tls: { ca: 'ca.pem' } }, { 'ca.pem': selfSigned()!.cert })
    await watched.until(() => /istiod_ca must name the file with its root certificate/.test(watched.log.join()))
    writeFileSync(join(watched.folder, 'ca.pem'), cert)
    await watched.until(() => watched.hosts.join() === ONE)
  })

  test('the name in the certificate is checked', options, async () => {
    await using istiod = await startIstiod({ tls: tls() })
    await using watched = watchSecurely(
      istiod,
      { tls: { ca: 'ca.pem', serverName: 'istiod.istio-system.svc' } },
      { 'ca.pem': cert },
    )
    await watched.until(() => /istiod_server_name must be a name that its certificate is for/.test(watched.log.join()))
  })

  test('a token is read anew for each stream', options, async () => {
    await using istiod = await startIstiod({ tls: tls() })
    await using watched = watchSecurely(istiod, { tls: { ca: 'ca.pem' }, token: 'token' }, { 'ca.pem': cert, token: 'first\n' })
    await has(watched, ONE)
    writeFileSync(join(watched.folder, 'token'), 'second')
    istiod.goAway()
    await until(() => istiod.metadata.length >= 2)
    assert.deepEqual(
      istiod.metadata.map(metadata => metadata.get('authorization')),
      [['Bearer first'], ['Bearer second']],
    )
  })

  test('a token that cannot be read is named', options, async () => {
    await using istiod = await startIstiod({ tls: tls() })
    await using watched = watchSecurely(istiod, { tls: { ca: 'ca.pem' }, token: 'token' }, { 'ca.pem': cert })
    await watched.until(() => /istiod_token cannot be read: ENOENT/.test(watched.log.join()))
    assert.ok(watched.log.every(line => !line.includes('the feed has failed')))
  })

  test('a client certificate is shown', options, async () => {
    await using istiod = await startIstiod({ tls: tls(cert) })
    const files = { 'ca.pem': cert, 'cert.pem': cert, 'key.pem': key }
    await using watched = watchSecurely(
      istiod,
      { tls: { ca: 'ca.pem', certificate: { cert: 'cert.pem', key: 'key.pem' } } },
      files,
    )
    await has(watched, ONE)
    await using bare = watchSecurely(istiod, { tls: { ca: 'ca.pem' } }, files)
    await bare.until(() => bare.log.length > 0)
  })

  test('plain text to a port that wants TLS, and TLS to one that wants plain text, are told', options, async () => {
    await using secure = await startIstiod({ tls: tls() })
    await using plain = await startIstiod()
    await using one = watchIstiod([secure.address])
    await one.until(() => /a port that wants TLS, such as 15012, needs istiod_tls/.test(one.log.join()))
    await using other = watchIstiod([plain.address], { tls: {} })
    await other.until(() => /this port does not speak TLS/.test(other.log.join()))
  })
})
