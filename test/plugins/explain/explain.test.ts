import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { explain } from '#plugins/explain/index.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'
import { assignment, cluster, nameTable, wdsService, workload } from '#test/support/istiod/resources.ts'
import { TestIstiod } from '#test/support/istiod/test-istiod.ts'
import { freePort } from '#test/support/ports.ts'
import { zone } from '#test/support/scripts.ts'
import { startServer } from '#test/support/server.ts'
import { startUpstream } from '#test/support/upstream.ts'
import { until } from '#test/support/waiting.ts'

const MESH = `
apiVersion: v1
kind: Service
metadata: { name: backend, namespace: shop }
spec: { clusterIP: 10.96.0.7, ports: [{ name: http, port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: backend-1, namespace: shop, labels: { kubernetes.io/service-name: backend } }
addressType: IPv4
ports: [{ name: http, port: 8080, protocol: TCP }]
endpoints:
  - { addresses: [10.0.0.1], conditions: { ready: true } }
  - { addresses: [10.0.0.2], conditions: { ready: false } }
  - { addresses: [10.0.0.3], conditions: { ready: true } }
---
apiVersion: v1
kind: Service
metadata: { name: other, namespace: shop }
spec: { type: ExternalName, externalName: backend.shop.svc.cluster.local }
---
apiVersion: v1
kind: Pod
metadata: { name: client, namespace: shop, labels: { app: client } }
status: { podIP: 10.0.0.9, phase: Running, conditions: [{ type: Ready, status: 'True' }] }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: secret, namespace: shop }
spec:
  hosts: [secret.example.org]
  exportTo: ['.']
  resolution: STATIC
  ports: [{ number: 443, name: tls, protocol: TLS }]
  endpoints: [{ address: 192.0.2.7 }]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: apps, namespace: shop }
spec:
  hosts: ['*.apps.example.org']
  resolution: STATIC
  ports: [{ number: 443, name: tls, protocol: TLS }]
  endpoints: [{ address: 192.0.2.8 }]
`

const ENTRIES = ['old', 'young'].map(
  (namespace, i) => `
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: two, namespace: ${namespace}, creationTimestamp: "2026-01-0${i + 1}T00:00:00Z" }
spec: { hosts: [two.example.org], resolution: STATIC, endpoints: [{ address: 192.0.2.1${i} }] }
---
apiVersion: v1
kind: Pod
metadata: { name: client, namespace: ${namespace} }
status: { podIP: 10.0.${i + 1}.9 }
`,
)

const files = { 'mesh.yaml': MESH }

async function explained(port: number, parameters: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${port}/explain?${parameters}`, { signal: AbortSignal.timeout(20_000) })
  // Times differ from run to run.
  return { status: response.status, text: (await response.text()).replace(/\d+\.\d m?s/g, 'TIME') }
}

/** The lines between the head and the reply, and the reply. */
async function wayOf(port: number, parameters: string): Promise<string> {
  const { status, text } = await explained(port, parameters)
  assert.equal(status, 200, text)
  return text.slice(text.indexOf('\n\n') + 2)
}

suite('the way of a name of the mesh', () => {
  const expected: readonly (readonly [title: string, parameters: string, way: string])[] = [
    [
      'a Service',
      'name=backend.shop.svc.cluster.local',
      `backend.shop.svc.cluster.local. A in the server block of .
  errors  passed on
  mesh    answered: NOERROR, 2 answers
          - Service of namespace shop, from file mesh.yaml, ready endpoints: 10.0.0.1 10.0.0.3, virtual addresses: 10.96.0.7

NOERROR, 2 answers, in TIME
backend.shop.svc.cluster.local.	5	IN	A	10.0.0.1
backend.shop.svc.cluster.local.	5	IN	A	10.0.0.3
`,
    ],
    [
      'a type that it does not have',
      'name=backend.shop.svc.cluster.local.&type=aaaa',
      `backend.shop.svc.cluster.local. AAAA in the server block of .
  errors  passed on
  mesh    answered: NOERROR, no answer of this type
          - Service of namespace shop, from file mesh.yaml, ready endpoints: 10.0.0.1 10.0.0.3, virtual addresses: 10.96.0.7

NOERROR, no answer of this type, in TIME
cluster.local.	5	IN	SOA	ns.dns.cluster.local. hostmaster.cluster.local. SERIAL 7200 1800 86400 5
`,
    ],
    [
      'an ExternalName, whose target is asked for',
      'name=other.shop.svc.cluster.local',
      `other.shop.svc.cluster.local. A in the server block of .
  errors  passed on
  mesh    answered: NOERROR, 3 answers
          - Service of namespace shop, from file mesh.yaml, is another name of backend.shop.svc.cluster.local.

backend.shop.svc.cluster.local. A in the server block of ., which the server asked itself
  errors  passed on
  mesh    answered: NOERROR, 2 answers
          - Service of namespace shop, from file mesh.yaml, ready endpoints: 10.0.0.1 10.0.0.3, virtual addresses: 10.96.0.7

NOERROR, 3 answers, in TIME
other.shop.svc.cluster.local.	5	IN	CNAME	backend.shop.svc.cluster.local.
backend.shop.svc.cluster.local.	5	IN	A	10.0.0.1
backend.shop.svc.cluster.local.	5	IN	A	10.0.0.3
`,
    ],
    [
      'an endpoint',
      'name=_http._tcp.backend.shop.svc.cluster.local&type=SRV',
      `_http._tcp.backend.shop.svc.cluster.local. SRV in the server block of .
  errors  passed on
  mesh    answered: NOERROR, 2 answers
          - a name of backend.shop.svc.cluster.local.
          - Service of namespace shop, from file mesh.yaml, ready endpoints: 10.0.0.1 10.0.0.3, virtual addresses: 10.96.0.7

NOERROR, 2 answers, in TIME
_http._tcp.backend.shop.svc.cluster.local.	5	IN	SRV	0 50 8080 10-0-0-1.backend.shop.svc.cluster.local.
_http._tcp.backend.shop.svc.cluster.local.	5	IN	SRV	0 50 8080 10-0-0-3.backend.shop.svc.cluster.local.
10-0-0-1.backend.shop.svc.cluster.local.	5	IN	A	10.0.0.1
10-0-0-3.backend.shop.svc.cluster.local.	5	IN	A	10.0.0.3
`,
    ],
    [
      'a name that there is not',
      'name=bakend.shop.svc.cluster.local',
      `bakend.shop.svc.cluster.local. A in the server block of .
  errors  passed on
  mesh    answered: NXDOMAIN
          - cluster.local. has no such name; the closest one that exists is shop.svc.cluster.local.

NXDOMAIN, in TIME
cluster.local.	5	IN	SOA	ns.dns.cluster.local. hostmaster.cluster.local. SERIAL 7200 1800 86400 5
`,
    ],
    [
      'a host of another namespace, for a client that is not known',
      'name=secret.example.org',
      `secret.example.org. A in the server block of .
  errors   passed on
  mesh     passed on
           - this is no name of the mesh
           - ServiceEntry of namespace shop, from file mesh.yaml, is exported to . only, and 127.0.0.1 is in no namespace that is known
  forward  answered: NXDOMAIN, from UPSTREAM
           - UPSTREAM has not replied yet

NXDOMAIN, from UPSTREAM, in TIME
`,
    ],
    [
      'the same host, for a client of its namespace',
      'name=secret.example.org&client=10.0.0.9',
      `secret.example.org. A in the server block of .
  errors  passed on
  mesh    answered: NOERROR, 1 answer
          - ServiceEntry of namespace shop, from file mesh.yaml, ready endpoints: 192.0.2.7

NOERROR, 1 answer, in TIME
secret.example.org.	5	IN	A	192.0.2.7
`,
    ],
    [
      'a wildcard',
      'name=shop.apps.example.org',
      `shop.apps.example.org. A in the server block of .
  errors  passed on
  mesh    answered: NOERROR, 1 answer
          - covered by the wildcard of names below apps.example.org.
          - ServiceEntry of namespace shop, from file mesh.yaml, ready endpoints: 192.0.2.8

NOERROR, 1 answer, in TIME
shop.apps.example.org.	5	IN	A	192.0.2.8
`,
    ],
  ]
  for (const [title, parameters, way] of expected)
    test(title, async () => {
      const port = await freePort()
      await using upstream = await startUpstream(zone())
      const corefile = `.:0 {\nexplain 127.0.0.1:${port}\nerrors\nmesh cluster.local {\nsource file mesh.yaml\n}\nforward . ${upstream.to}\n}\n`
      await using _server = await startServer(corefile, { files })
      const text = await wayOf(port, parameters)
      assert.equal(text.replace(/ \d{10} 7200/, ' SERIAL 7200').replaceAll(upstream.to, 'UPSTREAM'), way)
    })
})

test('below a host that is beside a wildcard, and at one that is hidden below it, the wildcard is what is used', async () => {
  const entry = (name: string, host: string, address: string, more = '') => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${name} }
spec: { hosts: ['${host}'], resolution: STATIC, ports: [{ number: 80, name: http }], endpoints: [{ address: ${address} }]${more} }
---`
  const mesh = [
    entry('own', 'pair.example.org', '192.0.2.1'),
    entry('wild', '*.pair.example.org', '192.0.2.2'),
    entry('hidden', 'hidden.pair.example.org', '192.0.2.3', ', exportTo: [other]'),
    entry('covert', '*.covert.example.org', '192.0.2.4', ', exportTo: [other]'),
  ]
  const port = await freePort()
  const corefile = `.:0 {\n  mesh {\n    source file mesh.yaml\n  }\n  explain 127.0.0.1:${port}\n}\n`
  await using _server = await startServer(corefile, { files: { 'mesh.yaml': mesh.join('') } })
  const said = async (parameters: string) => (await wayOf(port, parameters)).match(/(?<= - ).*/g)
  const line = (what: string) => `ServiceEntry of namespace default, from file mesh.yaml, ${what}`
  const wild = ['covered by the wildcard of names below pair.example.org.', line('ready endpoints: 192.0.2.2')]
  const hidden = line('is exported to other only, and 127.0.0.1 is in no namespace that is known')
  assert.deepEqual(await said('name=x.pair.example.org'), wild)
  assert.deepEqual(await said('name=_http._tcp.x.pair.example.org&type=SRV'), wild)
  assert.deepEqual(await said('name=hidden.pair.example.org'), [hidden, ...wild])
  assert.deepEqual(await said('name=x.covert.example.org'), ['this is no name of the mesh', hidden])
  assert.deepEqual(await said('name=pair.example.org'), [line('ready endpoints: 192.0.2.1')])
  const below = ['a name of pair.example.org.', line('ready endpoints: 192.0.2.1')]
  assert.deepEqual(await said('name=_http._tcp.pair.example.org&type=SRV'), below)
  assert.deepEqual(await said('name=192-0-2-1.pair.example.org'), below)
})

test('of the namespaces that have a host, one is used', async () => {
  const port = await freePort()
  const corefile = `.:0 {\n  mesh {\n    source file mesh.yaml\n  }\n  explain 127.0.0.1:${port}\n}\n`
  await using _server = await startServer(corefile, { files: { 'mesh.yaml': ENTRIES.join('') } })
  const line = (namespace: string, what: string) =>
    `        - ServiceEntry of namespace ${namespace}, from file mesh.yaml, ${what}\n`
  const unused = (namespace: string) => `is not used: a ServiceEntry of namespace ${namespace} has the same name`
  for (const [client, ...lines] of [
    ['10.0.1.9', line('old', 'ready endpoints: 192.0.2.10'), line('young', unused('old'))],
    ['10.0.2.9', line('old', unused('young')), line('young', 'ready endpoints: 192.0.2.11')],
    ['10.0.3.9', line('old', 'ready endpoints: 192.0.2.10'), line('young', unused('old'))],
  ] as const)
    assert.match(await wayOf(port, `name=two.example.org&client=${client}`), new RegExp(lines.join('').replaceAll('.', '[.]')))
})

for (const protocol of ['WDS', 'EDS'] as const) {
  test(`${protocol}: what an istiod tells of is hidden by the exportTo of another source`, async () => {
    const host = 'secret.example.org'
    await using istiod = await TestIstiod.start({ ambient: protocol === 'WDS' })
    istiod.hold('WDS', [
      wdsService('shop', 'secret', { host }),
      workload('shop', 'secret', { addresses: ['192.0.2.7'], services: [`shop/${host}`] }),
    ])
    istiod.hold('NDS', [nameTable({})])
    istiod.hold('CDS', [cluster(443, host)])
    istiod.hold('EDS', [assignment(443, host, [{ address: '192.0.2.7' }])])
    const port = await freePort()
    const corefile = `.:0 {\nexplain 127.0.0.1:${port}\nmesh cluster.local {\nsource file mesh.yaml\nsource istiod ${istiod.address}\n}\n}\n`
    await using server = await startServer(corefile, { files })
    const said = async (client: string) => (await wayOf(port, `name=${host}&client=${client}`)).match(/(?<= - ).*/g)
    const namespace = ' of namespace shop'
    const told = (what: string) => `ServiceEntry${protocol === 'WDS' ? namespace : ''}, from istiod ${istiod.address}, ${what}`
    const ready = 'ready endpoints: 192.0.2.7'
    const [hides, hidden] = [
      `ServiceEntry${namespace}, from file mesh.yaml, is exported to . only, and 127.0.0.1 is in no namespace that is known`,
      told('is hidden by its exportTo, which another source tells'),
    ]
    assert.deepEqual(await said('127.0.0.1'), ['this is no name of the mesh', hides, hidden])
    assert.deepEqual(await said('10.0.0.9'), [`ServiceEntry${namespace}, from file mesh.yaml, ${ready}`, told(ready)])
    // Beside what is for all, too. EDS does not tell which of the two it has.
    const open = `ServiceEntry of namespace open, from file mesh.yaml, ready endpoints: 192.0.2.10`
    const entry = ENTRIES[0]!.replaceAll('old', 'open').replace('two.example.org', host)
    await writeFile(join(server.folder, 'mesh.yaml'), MESH + entry)
    await until(async () => (await said('127.0.0.1'))?.includes(open) ?? false)
    assert.deepEqual(await said('127.0.0.1'), [hides, open, protocol === 'WDS' ? hidden : told(ready)])
  })
}

test('what is cached, and for how long', async () => {
  const port = await freePort()
  await using upstream = await startUpstream(zone('www.example.org. 60 IN A 192.0.2.1'))
  await using _server = await startServer(`.:0 {\nexplain 127.0.0.1:${port}\ncache\nforward . ${upstream.to}\n}\n`)
  const miss = await wayOf(port, 'name=www.example.org')
  assert.match(miss, /^ {2}cache {4}passed on\n {2}forward {2}answered: NOERROR, 1 answer, from /m)
  const hit = await wayOf(port, 'name=WWW.example.org')
  assert.match(hit, /^ {2}cache {2}answered: NOERROR, 1 answer\n {9}- holds an answer, fresh for TIME more$/m)
  assert.doesNotMatch(hit, /forward/)
})

test('extended errors: of a failure that is cached, of an upstream, of one that has no name', async () => {
  const [dead, port, own, other] = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  const template = (zone: string, error: string) =>
    `${zone}:${other} {\ntemplate ANY ANY {\nrcode REFUSED\nederror ${error}\n}\n}\n`
  await using _upstream = await startServer(template('bogus.example', '6 "no\x1bkeys"') + template('new.example', '99'))
  const forward = (zone: string, to: number) =>
    `${zone}:${own} {\nexplain 127.0.0.1:${port}\ncache\nforward . 127.0.0.1:${to}\n}\n`
  await using server = await startServer(
    forward('down.example', dead) + forward('bogus.example', other) + forward('new.example', other),
  )
  await server.query('down.example')
  const outcomes: string[] = []
  for (const name of ['down.example', 'bogus.example', 'new.example'])
    outcomes.push(/answered: (.*)$/m.exec(await wayOf(port, `name=${name}`))![1]!.replace(`:${other}`, ''))
  assert.deepEqual(outcomes, [
    'SERVFAIL (No Reachable Authority)',
    'REFUSED (DNSSEC Bogus), from 127.0.0.1: no keys',
    'REFUSED (extended error 99), from 127.0.0.1',
  ])
})

test('upstreams that failed, and why', async () => {
  const dead = await freePort()
  const port = await freePort()
  await using server = await startServer(`.:0 {\nexplain 127.0.0.1:${port}\nforward . 127.0.0.1:${dead}\n}\n`)
  assert.match(
    await wayOf(port, 'name=example.org'),
    /forward {2}answered: SERVFAIL \(No Reachable Authority\), from .*: connection refused$/m,
  )
  await until(async () => {
    await server.query('example.org')
    return /- 127\.0\.0\.1:\d+ is down: \d+ health checks in a row have failed$/m.test(await wayOf(port, 'name=example.org'))
  })
})

test('questions and replies that plugins change', async () => {
  const port = await freePort()
  await using _server = await startServer(
    `.:0 {\nexplain 127.0.0.1:${port}\nrewrite name old.example.org new.example.org\nheader {\nresponse set ra\n}\nacl {\nblock net 10.0.0.0/8\n}\nhosts {\n192.0.2.1 new.example.org\n}\n}\n`,
  )
  const way = await wayOf(port, 'name=old.example.org')
  assert.equal(
    way,
    `old.example.org. A in the server block of .
  rewrite  asked new.example.org. A
  acl      passed on
  header   passed on, then answered: NOERROR, 1 answer
  hosts    answered: NOERROR, 1 answer

NOERROR, 1 answer, in TIME
old.example.org.	3600	IN	A	192.0.2.1
`,
  )
  const blocked = await wayOf(port, 'name=new.example.org&client=10.1.2.3')
  assert.match(blocked, /^ {2}rewrite {2}passed on\n {2}acl {6}answered: REFUSED \(Blocked\)\n\nREFUSED \(Blocked\), in TIME\n$/m)
})

test('beside trace', async () => {
  const port = await freePort()
  await using _server = await startServer(
    `.:0 {\nexplain 127.0.0.1:${port}\ntrace 127.0.0.1:9\nerrors\nhosts {\n192.0.2.1 www.example.org\n}\n}\n`,
  )
  assert.match(
    await wayOf(port, 'name=www.example.org'),
    / {2}trace {3}passed on\n {2}errors {2}passed on\n {2}hosts {3}answered/,
  )
})

test('another server block, and none', async () => {
  const port = await freePort()
  await using _server = await startServer(
    `example.org:0 {\nexplain 127.0.0.1:${port}\nwhoami\n}\nexample.net:0 {\nhosts {\n192.0.2.1 www.example.net\n}\n}\n`,
  )
  assert.match(
    await wayOf(port, 'name=www.example.net'),
    /^www\.example\.net\. A in the server block of example\.net\., which has no line with explain\n\nNOERROR, 1 answer/,
  )
  assert.match(await wayOf(port, 'name=example.com'), /^example\.com\. A in no server block: none has a zone for it\n\nREFUSED/)
})

test('the zone and its serial', async () => {
  const port = await freePort()
  const zoneFile =
    'example.org. 60 IN SOA ns.example.org. root.example.org. 42 7200 3600 86400 60\nwww.example.org. 60 IN A 192.0.2.1\n'
  await using _server = await startServer(`.:0 {\nexplain 127.0.0.1:${port}\nfile db.example.org example.org\n}\n`, {
    files: { 'db.example.org': zoneFile },
  })
  assert.match(
    await wayOf(port, 'name=www.example.org'),
    /file {2}answered: NOERROR, 1 answer\n {8}- in zone example\.org\. with serial 42$/m,
  )
})

test('a reload keeps the address', async () => {
  const port = await freePort()
  const corefile = (address: string) => `.:0 {\nexplain 127.0.0.1:${port}\nhosts {\n${address} www.example.org\n}\n}\n`
  await using server = await startServer(corefile('192.0.2.1'))
  assert.match(await wayOf(port, 'name=www.example.org'), /192\.0\.2\.1/)
  await writeFile(join(server.folder, 'Corefile'), corefile('192.0.2.2'))
  server.child.kill('SIGUSR1')
  await until(async () => /192\.0\.2\.2/.test(await wayOf(port, 'name=www.example.org')))
})

test('an address is its reverse name', async () => {
  const port = await freePort()
  await using _server = await startServer(`.:0 {\nexplain 127.0.0.1:${port}\nhosts {\n192.0.2.1 www.example.org\n}\n}\n`)
  assert.match(await wayOf(port, 'name=192.0.2.1'), /1\.2\.0\.192\.in-addr\.arpa\.\t3600\tIN\tPTR\twww\.example\.org\.\n$/)
})

test('requests that ask for nothing that can be explained', async () => {
  const port = await freePort()
  await using _server = await startServer(`.:0 {\nexplain 127.0.0.1:${port}\nwhoami\n}\n`)
  for (const [parameters, message] of [
    ['', /^name is missing/],
    ['name=a..b', /empty label/],
    ['name=a&type=AAA', /^no type: 'AAA', did you mean 'AAAA'\?$/m],
    ['name=a&type=TYPE0', /^no type/],
    ['name=a&type=TYPE65536', /^no type/],
    ['name=a&type=axfr', /^zone transfers are not explained/],
    ['name=a&client=here', /^client must be an IP address: 'here'/],
  ] as const) {
    const { status, text } = await explained(port, parameters)
    assert.equal(status, 400)
    assert.match(text, message)
  }
})

test('options', () => {
  assert.equal(explain.parse(directiveOf('explain')), 'localhost:8053')
  assert.equal(explain.parse(directiveOf('explain :8053')), ':8053')
  refuses(explain, 'explain localhost', /ADDRESS must be HOST:PORT or :PORT: 'localhost'/)
  refuses(explain, 'explain :8053 more', /Wrong argument count|unexpected/i)
})
