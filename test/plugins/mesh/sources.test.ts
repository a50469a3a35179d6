/**
 * The judge: the same objects as a file, in an API server, and as a real istiod tells of them with and without ambient. Every name is
 * asked for every type, and whatever is answered otherwise than from the file must be in the table of what each source can know.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { RealIstiod, withoutIstiod } from '#test/support/istiod/real-istiod.ts'
import { capturedObjects } from '#test/support/istiod/replay.ts'
import { realApiProgram } from '#test/support/kubernetes/build.ts'
import { kubeconfigOf } from '#test/support/kubernetes/kubeconfig.ts'
import type { KubeObject } from '#test/support/kubernetes/objects.ts'
import { RealApi } from '#test/support/kubernetes/real-api.ts'
import { freePort } from '#test/support/ports.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'

const MANIFEST = readFileSync(new URL('../../support/istiod/judged.yaml', import.meta.url), 'utf8')

const objects: readonly KubeObject[] = [
  ...(JSON.parse(capturedObjects()) as KubeObject[]).filter(({ kind }) => kind !== 'CustomResourceDefinition' && kind !== 'Node'),
  ...parseAllDocuments(MANIFEST).map(document => document.toJS() as KubeObject),
]

/** What comes of it when a Service is deleted, and the Pod that is the only ready one of two Services. */
const GONE = ['queue', 'queue-4', 'web-7d4b9-aaaaa', 'web-4', 'web-6', 'private-4']
const isGone = ({ metadata }: KubeObject) => GONE.includes(metadata!.name)

const AFTERWARDS = [
  'endpoints web.shop.svc.cluster.local A | NOERROR | NOERROR | NOERROR | NOERROR',
  'vip web.shop.svc.cluster.local A | A 10.96.1.1 | A 10.96.1.1 | A 10.96.1.1 | A 10.96.1.1',
  'endpoints queue.shop.svc.cluster.local A | NXDOMAIN | NXDOMAIN | NXDOMAIN | NXDOMAIN',
  'endpoints 1.1.2.10.in-addr.arpa PTR | NXDOMAIN | NXDOMAIN | NXDOMAIN | NXDOMAIN',
]

const manifest = (items: readonly KubeObject[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items })

const SOURCES = ['file', 'kubernetes', 'WDS', 'EDS'] as const
type SourceName = (typeof SOURCES)[number]

const HOSTS = [
  ...['backend.default', 'mysql.data', 'ext.default', 'hidden.priv'],
  ...['web', 'queue', 'idle', 'asleep', 'syslog', 'mixed', 'away', 'private', 'agent', 'written', 'referring'].map(
    service => `${service}.shop`,
  ),
  ...[
    'mysql-0.mysql.data',
    'mysql-1.mysql.data',
    'queue-0.queue.shop',
    'queue-1.queue.shop',
    '10-1-0-1.backend.default',
    'fd00-2--1.web.shop',
    'elsewhere.referring.shop',
    'nothing.shop',
    'nothing.nowhere',
  ],
].map(host => `${host}.svc.cluster.local`)
const ENTRIES = [
  ...[
    'vip.example',
    'auto.example',
    'any.wild.example',
    'wild.example',
    'api.partner.example',
    'api2.partner.example',
    'none.partner.example',
  ],
  ...[
    'dns.partner.example',
    'deep.below.apps.partner.example',
    'legacy.partner.example',
    'selected.partner.example',
    'vacant.partner.example',
    'probed.partner.example',
    'x.dynamic.partner.example',
    'svc.cluster.local',
    'shop.svc.cluster.local',
    'kube-system.svc.cluster.local',
  ],
]
const PORTS = [
  '_http._tcp.web.shop',
  '_https._tcp.web.shop',
  '_amqp._tcp.queue.shop',
  '_http._tcp.backend.default',
  '_tcp.web.shop',
].map(name => `${name}.svc.cluster.local`)
const ADDRESSES = [
  '10.1.0.1',
  '10.1.0.3',
  '10.1.1.1',
  '10.96.0.10',
  '10.96.1.1',
  '10.2.0.1',
  '10.2.1.1',
  '10.2.1.2',
  '10.2.2.1',
  '10.2.3.1',
  '10.4.0.1',
  '10.4.0.2',
  '10.4.1.1',
  '10.4.1.2',
  '9.9.9.9',
  '1.2.3.4',
  '203.0.113.1',
]

const QUESTIONS: readonly (readonly [name: string, type: string])[] = [
  ...[...HOSTS, ...ENTRIES].flatMap(name => ['A', 'AAAA', 'SRV'].map(type => [name, type] as const)),
  ...PORTS.map(name => [name, 'SRV'] as const),
  ...ADDRESSES.map(address => [`${address.split('.').reverse().join('.')}.in-addr.arpa`, 'PTR'] as const),
]

const ISTIOD = ['WDS', 'EDS'] as const

/** What is answered otherwise than from the file, by `MODE NAME TYPE`. */
const DIFFERENCES: readonly (readonly [reason: string, sources: readonly SourceName[], question: RegExp])[] = [
  ['names of ports are not told', ISTIOD, /^\w+ _\S+ SRV$/],
  ['an ExternalName is not told', ISTIOD, /^\w+ (ext\.default|away\.shop)\./],
  ['a namespace without Services is not told', ISTIOD, /^\w+ kube-system\./],
  ['exportTo is not told: who may see a host', ['WDS'], /^\w+ (hidden\.priv|private\.shop)\./],
  ['exportTo is not told: who may see a host', ['WDS'], /^\w+ 1\.0\.2\.10\..* PTR$/],
  ['ports for UDP are no clusters', ['EDS'], /^endpoints syslog\.shop\.\S+ A$/],
  ['endpoints of this node only, which it is not', ['EDS'], /^endpoints agent\.shop\.\S+ A$/],
  ['neither of which has the endpoint', ['EDS'], /^\w+ 1\.2\.2\.10\..* PTR$/],
  ['a Pod that a slice refers to without its uid', ['WDS'], /^\w+ referring\.shop\.\S+ A$/],
  ['a Pod that a slice refers to without its uid', ['WDS'], /^\w+ 2\.1\.2\.10\..* PTR$/],
  ['hostnames of what is no Pod', ISTIOD, /^\w+ elsewhere\.referring\.shop\./],
  ['whether a WorkloadEntry is healthy', ['WDS'], /^endpoints probed\.partner\.example A$/],
  ['whether a WorkloadEntry is healthy', ['WDS'], /^\w+ 2\.1\.4\.10\..* PTR$/],
  ['whether a ServiceEntry with resolution NONE has a selector', ISTIOD, /^\w+ vacant\.partner\.example /],
  ['the second family, without dual stack', ['EDS'], /^endpoints selected\.partner\.example AAAA$/],
  ['the second family, without dual stack', ['EDS'], /^vip (selected\.partner\.example|web\.shop\.\S+) AAAA$/],
  ['the file does not say what istiod allocates', ['kubernetes', ...ISTIOD], /^vip (auto|x\.dynamic\.partner)\.example /],
  ['the file does not say what istiod allocates', ['kubernetes', ...ISTIOD], /^vip (dns|legacy|probed)\.partner\.example A$/],
  ['the file does not say what istiod allocates', ['kubernetes', 'WDS'], /^vip (dns|legacy|probed)\.partner\.example AAAA$/],
]

/** Each source in two blocks: endpoints, then virtual addresses. What the mesh passes on, the last block answers. */
const corefile = (sources: Readonly<Record<SourceName, string>>, ports: readonly number[]) =>
  SOURCES.flatMap((name, i) =>
    ['endpoints', 'vip'].map(
      (answer, mode) => `.:${ports[2 * i + mode]} {
    mesh cluster.local in-addr.arpa {
        ${sources[name]}
        answer ${answer}
        startup_timeout 20s
    }
    hosts {
        192.0.2.80 www.example.org
        fallthrough
    }
    whoami
}
`,
    ),
  ).join('')

/** The answer in short: what the records hold. What the last plugin answers was passed on. */
async function answerOf(server: ServerProcess, port: number, [name, type]: (typeof QUESTIONS)[number]): Promise<string> {
  const { rcode, answer, additional } = await server.query(`${name}.`, type, { port })
  if (answer.length === 0 && additional.some(record => / (A|AAAA) 127\.0\.0\.1| SRV /.test(record))) return 'passed on'
  const records = answer.map(record => record.split(' ').slice(3).join(' ')).sort()
  return records.length > 0 ? records.join(', ') : rcode
}

interface Comparison {
  /** One for each question. */
  readonly rows: string[]
  /** What is answered otherwise than from the file, without being among the differences, and what is among them and is not. */
  readonly unexpected: string[]
  readonly missed: string[]
}

/** Asks everything. @param ports of the blocks */
async function compare(server: ServerProcess, ports: readonly number[]): Promise<Comparison> {
  const [rows, unexpected, missed]: [string[], string[], string[]] = [[], [], []]
  for (const [mode, answer] of ['endpoints', 'vip'].entries()) {
    for (const question of QUESTIONS) {
      const answers = await Promise.all(SOURCES.map((_, i) => answerOf(server, ports[2 * i + mode]!, question)))
      const asked = `${answer} ${question.join(' ')}`
      rows.push([asked, ...answers].join(' | '))
      for (const [i, source] of SOURCES.entries()) {
        const known = DIFFERENCES.some(([, sources, pattern]) => sources.includes(source) && pattern.test(asked))
        if (answers[i] !== answers[0] && !known) unexpected.push(`${source}: ${rows.at(-1)}`)
        if (answers[i] === answers[0] && known) missed.push(`${source}: ${rows.at(-1)}`)
      }
    }
  }
  return { rows, unexpected, missed }
}

test('a file, an API server and an istiod with and without ambient answer alike, but for what is known', {
  skip: withoutIstiod(),
  timeout: 180_000,
}, async t => {
  const built = await realApiProgram()
  if ('skip' in built) return t.skip(built.skip)
  await using api = await RealApi.start(built.program)
  await api.put(...objects)
  const url = `http://127.0.0.1:${api.port}`
  const [ambient, plain] = await Promise.all([RealIstiod.start(url, true), RealIstiod.start(url, false)])
  await using _ambient = ambient
  await using _plain = plain
  const files = {
    'objects.yaml': manifest(objects),
    'cluster.yaml': kubeconfigOf(url),
  }
  const ports = await Promise.all(Array.from({ length: 2 * SOURCES.length }, freePort))
  await using server = await startServer(
    corefile(
      {
        file: 'source file objects.yaml',
        kubernetes: 'source kubernetes kubeconfig cluster.yaml',
        WDS: `source istiod ${ambient.address}\n        istiod_mode wds`,
        EDS: `source istiod ${plain.address}`,
      },
      ports,
    ),
    { files },
  )
  const before = await compare(server, ports)
  if (process.env.ANSWERS) writeFileSync(process.env.ANSWERS, `${before.rows.join('\n')}\n`)
  assert.deepEqual([before.unexpected, before.missed], [[], []])

  writeFileSync(server.path('objects.yaml'), manifest(objects.filter(object => !isGone(object))))
  await api.delete(...objects.filter(isGone))
  // istiod waits for a while until it tells of changes.
  for (const late = Date.now() + 15_000; ; ) {
    const { rows, unexpected } = await compare(server, ports)
    // A ServiceEntry with resolution NONE, which has nothing ready any more.
    const wrong = unexpected.filter(row => !/^EDS: \w+ selected\.partner\.example /.test(row))
    if (AFTERWARDS.every(row => rows.includes(row)) && wrong.length === 0) break
    assert.ok(Date.now() < late, [...wrong, ...rows.filter(row => !before.rows.includes(row))].join('\n'))
  }
})
