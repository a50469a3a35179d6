/** The alerts of deploy/components/prometheus-rule: what they look at is there, and they fire when they should and at no other time. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { parse, stringify } from 'yaml'
import { read } from '#test/house/files.ts'
import { checkExpression } from './expressions.ts'

const run = promisify(execFile)
const skip = spawnSync('promtool', ['--version']).status === 0 ? false : 'promtool is not on this machine'

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: Readonly<Record<string, string>>
}

const { spec } = parse(read('deploy/components/prometheus-rule/prometheus-rule.yaml').text)
const rules: readonly Rule[] = spec.groups.flatMap(({ rules }: { rules: Rule[] }) => rules)
const { metadata } = parse(read('deploy/components/pod-monitor/pod-monitor.yaml').text)
const job = `${metadata.namespace}/${metadata.name}`

const MINUTES = 90
const ONE = { namespace: 'istio-system', pod: 'one', job }
const OTHER = { ...ONE, pod: 'other' }
const MESH = { source: 'kubernetes' }
const ROUTES = { source: 'kubernetes', kind: 'HTTPRoute' }

/** Samples of a metric by the minute, such as `0x90` or `0+60x90`, of a pod of this server. */
type Series = readonly [metric: string, labels: Readonly<Record<string, string>>, values: string]

/** What every series is while all is well; a CoreDNS beside, which nobody is to be alarmed about here, fares badly. */
const WELL: readonly Series[] = [
  ['up', ONE, `1x${MINUTES}`],
  ['up', OTHER, `1x${MINUTES}`],
  ['coredns_mesh_data_age_seconds', { ...ONE, ...MESH }, `30x${MINUTES}`],
  ['coredns_k8s_gateway_data_age_seconds', { ...ONE, ...ROUTES }, `50x${MINUTES}`],
  ['coredns_mesh_endpoints', { ...ONE, ...MESH }, `1000x${MINUTES}`],
  ['coredns_mesh_endpoints', { ...OTHER, ...MESH }, `990x${MINUTES}`],
  ['coredns_mesh_rejected_documents_total', { ...ONE, ...MESH }, `3x${MINUTES}`],
  ['coredns_mesh_istiod_nacks_total', { ...ONE, source: 'istiod', type: 'EDS' }, `2x${MINUTES}`],
  ['coredns_k8s_gateway_rejected_objects_total', { ...ONE, ...ROUTES }, `2x${MINUTES}`],
  ['coredns_dns_responses_total', { ...ONE, rcode: 'NOERROR' }, `0+6000x${MINUTES}`],
  ['coredns_dns_responses_total', { ...ONE, rcode: 'SERVFAIL' }, `0+60x${MINUTES}`],
  ['coredns_dns_request_duration_seconds_bucket', { ...ONE, le: '0.001' }, `0+6000x${MINUTES}`],
  ['coredns_dns_request_duration_seconds_bucket', { ...ONE, le: '8.192' }, `0+6006x${MINUTES}`],
  ['coredns_dns_request_duration_seconds_bucket', { ...ONE, le: '+Inf' }, `0+6006x${MINUTES}`],
  ['coredns_forward_healthcheck_broken_total', ONE, `7x${MINUTES}`],
  ['coredns_reload_failed_total', ONE, `1x${MINUTES}`],
  ['coredns_reload_version_info', { ...ONE, value: 'a' }, `1x${MINUTES}`],
  ['coredns_reload_version_info', { ...OTHER, value: 'a' }, `1x${MINUTES}`],
  ['coredns_udp_lost_total', { ...ONE, reason: 'overflows' }, `5x${MINUTES}`],
  ['coredns_inflight_rejects_total', ONE, `5x${MINUTES}`],
  ['coredns_panics_total', ONE, `1x${MINUTES}`],
  ['coredns_serving_thread_restarts_total', ONE, `1x${MINUTES}`],
  ['process_resident_memory_bytes', ONE, `100x${MINUTES}`],
  ['kube_pod_container_resource_limits', { namespace: 'istio-system', pod: 'one', resource: 'memory', container: 'istio-coredns' }, `384x${MINUTES}`],
  ['coredns_dns_responses_total', { namespace: 'kube-system', pod: 'coredns', job: 'kube-system/coredns', rcode: 'SERVFAIL' }, `0+6000x${MINUTES}`],
  ['coredns_panics_total', { namespace: 'kube-system', pod: 'coredns', job: 'kube-system/coredns' }, `0+1x${MINUTES}`],
] // biome-ignore format: a table

/** What leads to an alert, from minute 30 on. */
const ILL: readonly (readonly [alert: string, ...series: Series[]])[] = [
  ['IstioCoreDNSDown', ['up', ONE, '1x29 0x60'], ['up', OTHER, '1x29 0x60']],
  ['IstioCoreDNSRegistrySilent', ['coredns_mesh_data_age_seconds', { ...ONE, ...MESH }, '30x29 30+60x60']],
  ['IstioCoreDNSRegistrySilent', ['coredns_k8s_gateway_data_age_seconds', { ...ONE, ...ROUTES }, '50x29 50+60x60']],
  ['IstioCoreDNSReplicasDisagree', ['coredns_mesh_endpoints', { ...OTHER, ...MESH }, '990x29 900x60']],
  ['IstioCoreDNSDocumentsRejected', ['coredns_mesh_rejected_documents_total', { ...ONE, ...MESH }, '3x58 4x31']],
  ['IstioCoreDNSDocumentsRejected', ['coredns_mesh_istiod_nacks_total', { ...ONE, source: 'istiod', type: 'EDS' }, '2x58 3x31']],
  ['IstioCoreDNSDocumentsRejected', ['coredns_k8s_gateway_rejected_objects_total', { ...ONE, ...ROUTES }, '2x58 3x31']],
  ['IstioCoreDNSErrors', ['coredns_dns_responses_total', { ...ONE, rcode: 'SERVFAIL' }, '0x29 0+240x60']],
  ['IstioCoreDNSLatency', ['coredns_dns_request_duration_seconds_bucket', { ...ONE, le: '8.192' }, '0+6000x29 180000+6100x60'], ['coredns_dns_request_duration_seconds_bucket', { ...ONE, le: '+Inf' }, '0+6000x29 180000+6100x60']],
  ['IstioCoreDNSUpstreamsDown', ['coredns_forward_healthcheck_broken_total', ONE, '7x29 8+10x60']],
  ['IstioCoreDNSCorefileRefused', ['coredns_reload_failed_total', ONE, '1x29 2+0.2x60']],
  ['IstioCoreDNSCorefilesDiffer', ['coredns_reload_version_info', { ...OTHER, value: 'a' }, '1x29 _x60'], ['coredns_reload_version_info', { ...OTHER, value: 'b' }, '_x29 1x60']],
  ['IstioCoreDNSQueriesLost', ['coredns_udp_lost_total', { ...ONE, reason: 'shed' }, '0x29 0+600x60']],
  ['IstioCoreDNSQueriesLost', ['coredns_inflight_rejects_total', ONE, '5x29 5+600x60']],
  ['IstioCoreDNSDefect', ['coredns_panics_total', ONE, '1x58 2x31']],
  ['IstioCoreDNSDefect', ['coredns_serving_thread_restarts_total', ONE, '1x58 2x31']],
  ['IstioCoreDNSMemory', ['process_resident_memory_bytes', ONE, '100x29 350x60']],
] // biome-ignore format: a table

const textOf = ([metric, labels]: Series): string =>
  `${metric}{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(', ')}}`

/** The series of a mesh that is well but for these. */
function but(...changed: Series[]): { series: string; values: string }[] {
  const all = new Map([...WELL, ...changed].map(series => [textOf(series), series[2]]))
  return Array.from(all, ([series, values]) => ({ series, values }))
}

test('each alert looks at metrics of the server that the PodMonitor scrapes, by labels that they have', () => {
  for (const { alert, expr } of rules) checkExpression(alert, expr, job)
})

test('each alert is tested to fire', () => {
  assert.deepEqual(new Set(rules.map(({ alert }) => alert)), new Set(ILL.map(([alert]) => alert)))
})

test('an alert fires for what it is there for and for nothing else', { skip }, async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'alerts-'))
  // What an alert says need not be said here: only whether it fires, as the series ALERTS tells.
  const firing = (minute: number, expected: readonly string[]) => ({
    expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
    eval_time: `${minute}m`,
    exp_samples: expected.map(alertname => ({ labels: `{alertname="${alertname}"}`, value: 1 })),
  })
  const tests = [
    { input_series: but(), promql_expr_test: [firing(29, []), firing(60, [])] },
    ...ILL.map(([alert, ...series]) => ({
      input_series: but(...series),
      promql_expr_test: [firing(28, []), firing(60, [alert])],
    })),
  ]
  await writeFile(join(folder.path, 'rules.yaml'), stringify(spec))
  await writeFile(
    join(folder.path, 'tests.yaml'),
    stringify({ rule_files: ['rules.yaml'], evaluation_interval: '1m', tests: tests.map(each => ({ interval: '1m', ...each })) }),
  )
  await run('promtool', ['test', 'rules', 'tests.yaml'], { cwd: folder.path })
})
