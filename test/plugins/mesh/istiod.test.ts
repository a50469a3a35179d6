/** Istiods as sources, through a real process. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { TypeName } from '#src/feeds/istiod/types.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { assignment, cluster, nameTable, wdsService, workload } from '#test/support/istiod/resources.ts'
import { TestIstiod } from '#test/support/istiod/test-istiod.ts'
import { freePort } from '#test/support/ports.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'
import { until } from '#test/support/waiting.ts'
import { BACKEND, backend } from './manifests.ts'

const HOST = 'backend.default.svc.cluster.local'

/** One with a service that has these addresses. */
async function startIstiod(ambient: boolean, ...addresses: readonly string[]): Promise<TestIstiod> {
  const istiod = await TestIstiod.start({ ambient })
  istiod.hold('WDS', [wdsService('default', 'backend', { vips: ['10.96.0.1'] })])
  istiod.hold('NDS', [nameTable({ [HOST]: [['10.96.0.1'], 'backend', 'default'] })])
  istiod.hold('CDS', [cluster(80, HOST)])
  tell(istiod, ...addresses)
  return istiod
}

function tell(istiod: TestIstiod, ...addresses: readonly string[]): void {
  istiod.push('WDS', [workload('default', 'backend-x', { addresses, services: [`default/${HOST}`], workload: 'backend' })])
  istiod.push('EDS', [
    assignment(
      80,
      HOST,
      addresses.map(address => ({ address })),
    ),
  ])
}

/** Asks until the addresses are these. */
async function untilAnswered(server: ServerProcess, ...addresses: readonly string[]): Promise<void> {
  const late = performance.now() + 5000
  for (;;) {
    const told = (await server.query(BACKEND)).answer.map(line => line.split(' ').at(-1)).sort()
    if (told.join() === addresses.join()) return
    assert.ok(performance.now() < late, `${told} are not ${addresses}`)
  }
}

for (const ambient of [true, false]) {
  test(`${ambient ? 'WDS' : 'EDS'}: answers follow the stream, and stay without it`, async () => {
    await using istiod = await startIstiod(ambient, '10.0.0.1')
    const source = `istiod ${istiod.address}`
    await using server = await startServer(`.:0 {\n  mesh cluster.local in-addr.arpa {\n    source ${source}\n  }\n}\n`)
    await untilAnswered(server, '10.0.0.1')
    const reverse = await server.query('1.0.96.10.in-addr.arpa.', 'PTR')
    assert.deepEqual(reverse.answer, [`1.0.96.10.in-addr.arpa. 5 IN PTR ${BACKEND}`])
    tell(istiod, '10.0.0.1', '10.0.0.2')
    await untilAnswered(server, '10.0.0.1', '10.0.0.2')
    istiod.stop()
    await server.waitForLine(/plugin\/mesh: istiod .*; what is known stays/)
    await untilAnswered(server, '10.0.0.1', '10.0.0.2')
  })
}

test('a file and an istiod that know the same endpoints: each is answered once', async () => {
  await using istiod = await startIstiod(true, '10.0.0.1', '10.0.0.2')
  const files = { 'mesh.yaml': backend(['10.0.0.1', '10.0.0.3']) }
  await using server = await startServer(
    `.:0 {\n  mesh {\n    source file mesh.yaml\n    source istiod ${istiod.address}\n  }\n}\n`,
    { files },
  )
  await untilAnswered(server, '10.0.0.1', '10.0.0.2', '10.0.0.3')
})

for (const ambient of [true, false]) {
  test(`${ambient ? 'WDS' : 'EDS'}: a Service that a file hides is hidden where an istiod tells of it, too`, async () => {
    await using istiod = await startIstiod(ambient, '10.0.0.2')
    const exported = (to: string) =>
      backend(['10.0.0.1']).replace('name: backend', `$&\n  annotations: { networking.istio.io/exportTo: "${to}" }`)
    const files = { 'mesh.yaml': exported('.') }
    await using server = await startServer(
      `.:0 {\n  mesh cluster.local in-addr.arpa {\n    source file mesh.yaml\n    source istiod ${istiod.address}\n    startup_timeout 1m\n  }\n}\n`,
      { files },
    )
    for (const [name, type] of [
      [BACKEND, 'A'],
      ['2.0.0.10.in-addr.arpa.', 'PTR'],
      ['1.0.96.10.in-addr.arpa.', 'PTR'],
    ] as const)
      assert.equal((await server.query(name, type)).rcode, 'NXDOMAIN', name)
    const client = (namespace: string) =>
      `apiVersion: v1\nkind: Pod\nmetadata: { name: client, namespace: ${namespace} }\nstatus: { podIP: 127.0.0.1, phase: Running }\n`
    await writeFile(server.path('mesh.yaml'), exported('.') + client('default'))
    await untilAnswered(server, '10.0.0.1', '10.0.0.2')
    await writeFile(server.path('mesh.yaml'), exported('~') + client('default'))
    await untilAnswered(server)
    await writeFile(server.path('mesh.yaml'), exported('other') + client('other'))
    await untilAnswered(server, '10.0.0.1', '10.0.0.2')
  })
}

test('a file knows the hostname of an endpoint that an istiod tells of without one: the address has one name', async () => {
  const files = { 'mesh.yaml': backend(['10.0.0.1']).replace('- addresses', '- hostname: web-0\n  addresses') }
  await using istiod = await startIstiod(true, '10.0.0.1')
  await using server = await startServer(
    `.:0 {\n  mesh cluster.local in-addr.arpa {\n    source istiod ${istiod.address}\n    source file mesh.yaml\n  }\n}\n`,
    { files },
  )
  await untilAnswered(server, '10.0.0.1')
  const { answer } = await server.query('1.0.0.10.in-addr.arpa.', 'PTR')
  assert.deepEqual(answer, [`1.0.0.10.in-addr.arpa. 5 IN PTR web-0.${BACKEND}`])
})

test('until an istiod has told everything, unknown names fail, and /ready says what is waited for', async () => {
  await using istiod = await startIstiod(false, '10.0.0.1')
  const [names, endpoints] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  istiod.delay = type => (type === 'NDS' ? names : type === 'EDS' ? endpoints : undefined)?.promise
  const port = await freePort()
  await using server = await startServer(
    `.:0 {\n  mesh {\n    source istiod ${istiod.address}\n    startup_timeout 0s\n  }\n  ready 127.0.0.1:${port}\n}\n`,
  )
  const ready = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/ready`)
    return `${response.status} ${await response.text()}`
  }
  const waitsFor = (what: string) =>
    until(async () => (await ready()).includes(`waiting for source istiod ${istiod.address}: ${what}`))
  await waitsFor('NDS: nothing has come yet')
  assert.equal((await server.query('other.default.svc.cluster.local.')).rcode, 'SERVFAIL')
  await server.waitForLine(/starting before all sources are complete, waiting for source istiod/)
  names.resolve()
  await waitsFor('EDS: 1 of 1 clusters have not come yet')
  endpoints.resolve()
  await untilAnswered(server, '10.0.0.1')
  assert.equal((await server.query('other.default.svc.cluster.local.')).rcode, 'NXDOMAIN')
  assert.match(await ready(), /^200 /)
})

for (const ambient of [true, false]) {
  test(`${ambient ? 'WDS' : 'EDS'}: the stream has its metrics`, async t => {
    await using istiod = await startIstiod(ambient, '10.0.0.1')
    await using server = await startInProcess(`mesh {\nsource istiod ${istiod.address}\n}`)
    const source = `istiod ${istiod.address}`
    const types = ambient ? ['WDS'] : ['NDS', 'CDS', 'EDS']
    const values = (name: string) =>
      Promise.all(types.map(type => server.metric(`coredns_mesh_istiod_${name}`, { source, type })))
    const metric = (name: string) => server.metric(`coredns_mesh_${name}`, { source })
    assert.deepEqual([await metric('istiod_connected'), await metric('hosts'), await metric('endpoints')], [1, 1, 1])
    assert.deepEqual(
      await values('pushes_total'),
      types.map(() => 1),
    )
    assert.deepEqual(
      await values('nacks_total'),
      types.map(() => 0),
    )
    for (const octets of await values('received_bytes_total')) assert.ok(octets! > 50, `${octets}`)
    // Setting the clock makes nothing older.
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 86_400_000 })
    for (const age of await values('push_age_seconds')) assert.ok(age! >= 0 && age! < 5, `${age}`)
    t.mock.timers.reset()
    const objects = types.map(kind => server.metric('coredns_mesh_objects', { source, kind }))
    assert.deepEqual(await Promise.all(objects), ambient ? [2] : [1, 1, 1])
    assert.ok((await metric('data_age_seconds'))! < 5)

    const last = types.at(-1) as TypeName
    istiod.push(last, [{ name: ambient ? 'Kubernetes//Pod/default/odd' : `outbound|80||${HOST}`, value: Buffer.from([0xff]) }])
    await until(async () => (await values('nacks_total')).at(-1) === 1)
    assert.deepEqual([(await values('pushes_total')).at(-1), await metric('rejected_documents_total')], [2, 1])

    istiod.stop()
    await until(async () => (await metric('istiod_connected')) === 0)
    const age = await metric('data_age_seconds')
    await until(async () => (await metric('data_age_seconds'))! > age! + 0.1)
    assert.equal(await metric('endpoints'), 1)
  })
}
