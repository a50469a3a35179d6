/** The example mesh, brought into a real API server by kubectl, and edited there. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { ROOT } from '#test/house/files.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { realApiProgram } from '#test/support/kubernetes/build.ts'
import { kubeconfigOf } from '#test/support/kubernetes/kubeconfig.ts'
import { RealApi } from '#test/support/kubernetes/real-api.ts'
import { startServer } from '#test/support/server.ts'
import { endsOf, untilAnswered } from './answering.ts'
import { BACKEND } from './manifests.ts'

const run = promisify(execFile)

const NAMES: readonly (readonly [name: string, type: string])[] = [
  [BACKEND, 'A'],
  ['frontend.default.svc.cluster.local.', 'A'],
  ['cart.shop.svc.cluster.local.', 'A'],
  ['cart.shop.svc.cluster.local.', 'AAAA'],
  ['_grpc._tcp.db.default.svc.cluster.local.', 'SRV'],
  ['db-0.db.default.svc.cluster.local.', 'A'],
  ['shop.apps.example.com.', 'A'],
  ['none.default.svc.cluster.local.', 'A'],
  ['31.1.244.10.in-addr.arpa.', 'PTR'],
]

test('kubectl applies the example mesh, and answers follow what it edits', async t => {
  const built = await realApiProgram()
  if ('skip' in built) return t.skip(built.skip)
  if (spawnSync('kubectl', ['version', '--client']).status !== 0) return t.skip('kubectl is not on this machine')
  await using api = await RealApi.start(built.program)
  const url = `http://127.0.0.1:${api.port}`
  const kubectl = (...args: readonly string[]) =>
    run('kubectl', ['--server', url, '--cache-dir', `${server.folder}/cache`, ...args])
  const files = { 'one.yaml': kubeconfigOf(url) }
  await using server = await startServer('.:0 {\n  mesh {\n    source kubernetes kubeconfig one.yaml\n  }\n}\n', { files })
  assert.equal((await server.query(BACKEND)).rcode, 'NXDOMAIN')

  await kubectl('apply', '-f', `${ROOT}/examples/mesh`)
  await untilAnswered(server, BACKEND, '10.244.1.11', '10.244.2.12')
  await untilAnswered(server, 'shop.apps.example.com.', '203.0.113.20')
  await using fromFiles = await startInProcess(`mesh {\nsource file ${ROOT}/examples/mesh\n}`)
  for (const [name, type] of NAMES) {
    const [told, expected] = [await server.query(name, type), await fromFiles.query(name, type)]
    assert.deepEqual([told.rcode, ...endsOf(told.answer)], [expected.rcode, ...endsOf(expected.answer)], `${name} ${type}`)
  }

  const ready = (value: boolean) => JSON.stringify([{ op: 'replace', path: '/endpoints/0/conditions/ready', value }])
  await kubectl('patch', 'endpointslice', 'backend-m5v8d', '--type=json', '-p', ready(false))
  await untilAnswered(server, BACKEND, '10.244.2.12')
  await kubectl('patch', 'endpointslice', 'backend-m5v8d', '--type=json', '-p', ready(true))
  await untilAnswered(server, BACKEND, '10.244.1.11', '10.244.2.12')
  const address = JSON.stringify({ spec: { endpoints: [{ address: '203.0.113.99' }] } })
  await kubectl('patch', 'serviceentry', 'apps', '--type=merge', '-p', address)
  await untilAnswered(server, 'shop.apps.example.com.', '203.0.113.99')
  await kubectl('delete', 'service', 'backend')
  await untilAnswered(server, BACKEND)
  assert.equal((await server.query(BACKEND)).rcode, 'NXDOMAIN')
})
