import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { mesh } from '#plugins/mesh/index.ts'
import { Directive } from '#src/corefile/directive.ts'
import { parseCorefile } from '#src/corefile/tree.ts'
import type { ThreadSource } from '#src/feeds/thread-feed.ts'
import { refuses } from '#test/support/directive.ts'

const parse = (lines: string, zones: readonly string[] = ['.']) => {
  const { entries } = parseCorefile(`.:53 {\n${lines}\n}\n`, 'Corefile', { ISTIOD_SERVICE_HOST: '192.0.2.7' }).blocks[0]!
  return mesh.parse(new Directive('mesh', zones, entries))
}

test('the least that can be said', () => {
  const { sources, ...options } = parse('mesh {\nsource file /etc/mesh\n}')
  assert.deepEqual(options, { zones: ['cluster.local.'], answer: 'endpoints', ttl: 5, startupTimeout: 5000, fallthrough: [] })
  assert.deepEqual(
    sources.map(source => source('').key),
    ['["file","/etc/mesh"]'],
  )
})

test('all that can be said', () => {
  const { sources, ...options } = parse(`mesh Mesh.Example 10.0.0.0/8 {
    source file a.yaml /b
    source file c
    source kubernetes
    source kubernetes kubeconfig clusters/west.yaml
    source kubernetes kubeconfig /east.yaml admin
    answer vip
    ttl 0
    startup_timeout 1m
    fallthrough 10.in-addr.arpa example.org
  }`)
  assert.deepEqual(options, {
    zones: ['mesh.example.', '10.in-addr.arpa.'],
    answer: 'vip',
    ttl: 0,
    startupTimeout: 60_000,
    fallthrough: ['10.in-addr.arpa.', 'example.org.'],
  })
  assert.deepEqual(
    sources.map(source => source('/root').name),
    [
      'file a.yaml /b',
      'file c',
      'kubernetes',
      'kubernetes kubeconfig clusters/west.yaml',
      'kubernetes kubeconfig /east.yaml admin',
    ],
  )
  assert.deepEqual(
    sources.slice(0, 2).map(source => source('/root').key),
    ['["file","/root/a.yaml","/b"]', '["file","/root/c"]'],
  )
})

test('the least, and all, that can be said of an istiod; each option is for the one above it', () => {
  const { sources } = parse(`mesh {
    source istiod {$ISTIOD_SERVICE_HOST}:15010 [::1]:15010
    source istiod istiod.istio-system.svc:15012
    istiod_tls cert.pem /key.pem
    istiod_ca ca.pem
    istiod_server_name istiod.istio-system.svc
    istiod_token token
    istiod_mode eds
    cluster_id east
    namespace dns
    network west
  }`)
  const [first, second] = sources.map(source => source('/root') as ThreadSource)
  assert.equal(first!.name, 'istiod 192.0.2.7:15010 [::1]:15010')
  assert.deepEqual(first!.data, {
    name: first!.name,
    modes: ['wds', 'eds'],
    access: {
      addresses: ['192.0.2.7:15010', '[::1]:15010'],
      tls: undefined,
      token: undefined,
      apart: false,
      clusterId: 'Kubernetes',
      namespace: 'istio-system',
      network: undefined,
    },
  })
  assert.deepEqual(second!.data, {
    name: 'istiod istiod.istio-system.svc:15012',
    modes: ['eds'],
    access: {
      addresses: ['istiod.istio-system.svc:15012'],
      tls: {
        ca: '/root/ca.pem',
        certificate: { cert: '/root/cert.pem', key: '/key.pem' },
        serverName: 'istiod.istio-system.svc',
      },
      token: '/root/token',
      apart: false,
      clusterId: 'east',
      namespace: 'dns',
      network: 'west',
    },
  })
})

test('an istiod tells the cluster apart that the server is a pod of, where that is a source, too', () => {
  const apart = (...lines: readonly string[]) =>
    parse(`mesh {\n${lines.join('\n')}\n}`)
      .sources.map(source => source(''))
      .map(({ own, apart }) => apart ?? own)
  const istiod = ['source istiod istiod:15010', 'cluster_id east']
  assert.deepEqual(apart('source kubernetes', ...istiod), [true, 'east'])
  assert.deepEqual(apart(...istiod, 'source kubernetes'), ['east', true])
  assert.deepEqual(apart(...istiod, 'source kubernetes kubeconfig other.yaml'), [undefined, undefined])
})

suite('zones', () => {
  const source = 'source file x'
  for (const [title, lines, zones, expected] of [
    [
      'are those of the block',
      `mesh {\n${source}\n}`,
      ['mesh.example.', '10.in-addr.arpa.'],
      ['mesh.example.', '10.in-addr.arpa.'],
    ],
    [
      'are cluster.local where the block has the root',
      `mesh {\n${source}\n}`,
      ['.', 'example.org.'],
      ['cluster.local.', 'example.org.'],
    ],
    ['may be the root where that is said', `mesh . {\n${source}\n}`, ['.'], ['.']],
  ] as const) {
    test(title, () => assert.deepEqual(parse(lines, zones).zones, expected))
  }
})

test('fallthrough alone is for every zone', () => {
  assert.deepEqual(parse('mesh {\nsource file x\nfallthrough\n}').fallthrough, ['.'])
})

test('the same files are one source, however they are named', () => {
  const keys = ['source file /a/b', 'source file /a/./b/'].map(line => parse(`mesh {\n${line}\n}`).sources[0]!('').key)
  assert.equal(keys[0], keys[1])
})

suite('what cannot be accepted', () => {
  for (const [lines, message] of [
    ['mesh', /no source is named: expected a line such as `source kubernetes`/],
    ['mesh cluster.local', /no source is named/],
    ['mesh {\nttl 5\n}', /no source is named/],
    ['mesh 10.0.0.0/8 {\nsource file x\n}', /a zone that is not a reverse zone is needed/],
    ['mesh {\nsource file\n}', /Corefile:3 - Error during parsing: .*expected DIR or FILE \(column 8\)/],
    ['mesh {\nsource\n}', /expected source/],
    ['mesh {\nsource kubernetes config\n}', /what follows source kubernetes must be one of kubeconfig: 'config'.*\(column 19\)/],
    ['mesh {\nsource kubernetes kubeconfig\n}', /expected FILE/],
    ['mesh {\nsource kubernetes kubeconfig a b c\n}', /expected no more arguments/],
    ['mesh {\nsource istiod\n}', /expected ADDRESS:PORT/],
    ...['istiod', 'istiod:0', 'istiod:65536', ':15010', '[::1]', '::1:15010', 'http://istiod:15010'].map(
      address =>
        [
          `mesh {\nsource istiod ${address}\n}`,
          /Corefile:3 .*ADDRESS:PORT must be such as istiod.istio-system:15010: '/,
        ] as const,
    ),
    ['mesh {\nistiod_tls\nsource istiod a:1\n}', /istiod_tls stands below the source istiod that it is for/],
    ['mesh {\nsource file x\nnamespace dns\n}', /namespace stands below the source istiod that it is for/],
    ['mesh {\nsource istiod a:1\nistiod_token t\n}', /istiod_token is sent over TLS only: istiod_tls or istiod_ca is missing/],
    ['mesh {\nsource istiod a:1\nistiod_tls cert\n}', /expected KEY/],
    ['mesh {\nsource istiod a:1\nistiod_mode xds\n}', /istiod_mode must be one of auto, wds, eds: 'xds'/],
    ['mesh {\nsource fil x\n}', /source must be one of file, kubernetes, istiod: 'fil' .*did you mean 'file'/],
    ['mesh {\nsource file x\nanswer pods\n}', /answer must be one of endpoints, vip: 'pods'/],
    ['mesh {\nsource file x\nttl 3601\n}', /SECONDS must be a whole number between 0 and 3600: '3601'/],
    ['mesh {\nsource file x\nttl 5s\n}', /SECONDS must be a whole number/],
    ['mesh {\nsource file x\nstartup_timeout 5\n}', /DURATION must be a duration/],
    ['mesh {\nsource file x\nstartup_timeout 600h\n}', /DURATION is out of range: '600h'/],
    ['mesh {\nsource file x\nttl 5 6\n}', /expected no more arguments/],
    ['mesh {\nsorce file x\n}', /unknown property 'sorce' .*did you mean 'source'/],
    ['mesh {\nsource file x\n}\nmesh {\nsource file y\n}', /this plugin can only be used once per Server Block/],
  ] as const) {
    test(lines.replaceAll(/\s+/g, ' '), () => refuses(mesh, lines, message))
  }
})
