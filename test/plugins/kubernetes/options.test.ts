import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { kubernetes } from '#plugins/kubernetes/index.ts'
import { toKey } from '#src/dns/name.ts'
import { readLabelSelector } from '#src/feeds/kubernetes/label-selector.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'

const parse = (...options: readonly string[]) => kubernetes.parse(directiveOf(`kubernetes {\n${options.join('\n')}\n}`))

test('the least that can be said', () => {
  const { source, ...options } = parse()
  assert.deepEqual(options, {
    zones: ['example.org.'],
    endpoint: undefined,
    tls: undefined,
    kubeconfig: undefined,
    selectors: { labels: '', namespaceLabels: '' },
    namespaces: new Set(),
    pods: 'disabled',
    podNames: false,
    endpoints: true,
    ignoreEmpty: false,
    multicluster: new Set(),
    zonal: false,
    ttl: 5,
    startupTimeout: 5000,
    fallthrough: [],
  })
  assert.equal(source('').name, 'kubernetes')
})

test('all that can be said', () => {
  const directive = directiveOf(`kubernetes Cluster.local 10.0.0.0/8 clusterset.local {
      endpoint http://127.0.0.1:8001 http://127.0.0.1:8002
      tls cert.pem key.pem ca.pem
      apiserver_qps 12.5
      apiserver_burst 10
      apiserver_max_inflight 5
      namespaces a b
      namespaces c
      labels app in (web, db), !canary
      pods verified
      endpoint_pod_names
      ttl 0
      fallthrough 10.in-addr.arpa
      ignore empty_service
      multicluster clusterset.local
      zonal
      startup_timeout 1m
    }`)
  const { source, ...options } = kubernetes.parse(directive)
  assert.deepEqual(options.zones, ['cluster.local.', '10.in-addr.arpa.', 'clusterset.local.'])
  assert.deepEqual(options.selectors, { labels: 'app in (web, db),!canary', namespaceLabels: '' })
  assert.deepEqual([...options.namespaces], ['a', 'b', 'c'])
  assert.deepEqual([...options.multicluster], [toKey('clusterset.local')])
  assert.deepEqual(
    [
      options.pods,
      options.podNames,
      options.ttl,
      options.fallthrough,
      options.ignoreEmpty,
      options.zonal,
      options.startupTimeout,
    ],
    ['verified', true, 0, ['10.in-addr.arpa.'], true, true, 60_000],
  )
  assert.deepEqual(directive.warnings, ['plugin/kubernetes: only the first endpoint is used: http://127.0.0.1:8001'])
  assert.equal(source('/root').name, 'kubernetes http://127.0.0.1:8001')
  assert.match(source('/root').key, /\/root\/cert\.pem/)
})

test('a kubeconfig file beats an endpoint', () => {
  const directive = directiveOf('kubernetes {\nkubeconfig admin.conf east\nendpoint http://127.0.0.1:8001\n}')
  assert.equal(kubernetes.parse(directive).source('').name, 'kubernetes kubeconfig admin.conf east')
  assert.deepEqual(directive.warnings, ['plugin/kubernetes: endpoint is not used: kubeconfig takes precedence'])
})

suite('mistakes', () => {
  for (const [options, problem] of [
    [['upstream 1.1.1.1'], /unknown property 'upstream'/],
    [['resyncperiod 5m'], /unknown property 'resyncperiod'/],
    [['transfer to *'], /unknown property 'transfer'/],
    [['pods sometimes'], /pods must be one of disabled, insecure, verified: 'sometimes'/],
    [['ttl 3601'], /TTL must be a whole number between 0 and 3600: '3601'/],
    [['endpoint 10.0.0.1'], /URL must be one such as https:\/\/10\.0\.0\.1:6443: '10\.0\.0\.1'/],
    [['endpoint'], /expected URL/],
    [['tls cert.pem key.pem'], /expected CACERT/],
    [['kubeconfig a b c'], /expected no more arguments/],
    [['apiserver_qps -1'], /QPS must be a number that is not negative: '-1'/],
    [['apiserver_burst 1.5'], /BURST must be a whole number of at least 0/],
    [['namespaces'], /expected NAMESPACE/],
    [['namespaces a', 'namespace_labels b=c'], /namespaces and namespace_labels cannot both be set/],
    [['labels a==b==c'], /'a==b==c' is not a requirement such as app=web/],
    [['ignore service'], /ignore must be one of empty_service: 'service'/],
    [['multicluster clusterset.local'], /the zones of multicluster must be among those of kubernetes/],
    [['zonal', 'noendpoints'], /zonal answers from endpoints: remove noendpoints/],
    [['zonal x'], /expected no more arguments/],
    [['startup_timeout 5'], /DURATION must be a duration such as 5s/],
    [['startup_timeout 600h'], /DURATION is out of range: '600h'/],
  ] as const)
    test(options.join('; '), () => {
      refuses(kubernetes, `kubernetes {\n${options.join('\n')}\n}`, problem)
    })
  test('reverse zones alone', () => {
    refuses(kubernetes, 'kubernetes 10.0.0.0/8', /a zone that is not a reverse zone is needed/)
  })
  test('twice', () => {
    refuses(kubernetes, 'kubernetes\nkubernetes', /only be used once per Server Block/)
  })
})

suite('label selectors', () => {
  for (const text of [
    'a',
    '!a',
    'a=',
    'a=b',
    'a == b',
    'a!=b',
    'x.example.org/a in (b, c)',
    'a notin (b)',
    'a in ()',
    'a=b,c,!d',
  ])
    test(`'${text}' is one`, () => {
      assert.equal(readLabelSelector(text), text.replace(/,\s*(?![^(]*\))/g, ','))
    })
  for (const text of ['', ',', 'a=b,', '=b', 'a>1', 'a in b', 'a in (b', '-a', 'a=b c', 'a/b/c', `${'a'.repeat(64)}`])
    test(`'${text}' is none`, () => {
      assert.throws(() => readLabelSelector(text), /is not a requirement/)
    })
})
