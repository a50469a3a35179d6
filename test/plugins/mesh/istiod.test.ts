/** Istiods as sources, through a real process. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assignment, cluster, nameTable, wdsService, workload } from '#test/support/istiod/resources.ts'
import { TestIstiod } from '#test/support/istiod/test-istiod.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'
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
  test(`${ambient ? 'WDS' : 'EDS'}: answers follow the stream, stay without it, and are counted`, async () => {
    await using istiod = await startIstiod(ambient, '10.0.0.1')
    const source = `istiod ${istiod.address}`
    await using server = await startServer(
      `.:0 {\n  mesh cluster.local in-addr.arpa {\n    source ${source}\n  }\n  prometheus 127.0.0.1:0\n  ready 127.0.0.1:0\n}\n`,
    )
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
  istiod.late = 1500
  await using server = await startServer(
    `.:0 {\n  mesh {\n    source istiod ${istiod.address}\n    startup_timeout 0s\n  }\n  ready 127.0.0.1:0\n}\n`,
  )
  assert.equal((await server.query('other.default.svc.cluster.local.')).rcode, 'SERVFAIL')
  await server.waitForLine(/starting before all sources are complete, waiting for source istiod/)
  await untilAnswered(server, '10.0.0.1')
  assert.equal((await server.query('other.default.svc.cluster.local.')).rcode, 'NXDOMAIN')
})
