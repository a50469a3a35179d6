import assert from 'node:assert/strict'
import { test } from 'node:test'
import { realApiProgram } from '#test/support/kubernetes/build.ts'
import { Changes } from '#test/support/kubernetes/changes.ts'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { kubeconfigOf } from '#test/support/kubernetes/kubeconfig.ts'
import { definition, namespace } from '#test/support/kubernetes/objects.ts'
import { NAMESPACES, QUESTIONS, RandomObjects } from '#test/support/kubernetes/random-objects.ts'
import { RealApi } from '#test/support/kubernetes/real-api.ts'
import { comparable } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { Random, SEED } from '#test/support/random.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'
import { untilRight } from '#test/support/waiting.ts'

const MODES = ['endpoints', 'vip'] as const

const corefile = (ports: readonly number[]) =>
  MODES.map(
    (mode, i) => `.:${ports[i]} {
    mesh cluster.local in-addr.arpa ip6.arpa {
        source kubernetes kubeconfig cluster.yaml
        answer ${mode}
    }
    hosts {
        192.0.2.80 www.example.org
        fallthrough
    }
}
`,
  ).join('')

async function start(cluster: string): Promise<{ server: ServerProcess; ports: readonly number[] }> {
  const ports = await Promise.all(MODES.map(freePort))
  return { server: await startServer(corefile(ports), { files: { 'cluster.yaml': cluster } }), ports }
}

test(`whatever changes, the mesh is as a new server reads it (SEED=${SEED})`, { timeout: 110_000 }, async () => {
  const built = await realApiProgram()
  await using api = 'skip' in built ? await FakeApi.start() : await RealApi.start(built.program)
  await api.put(...['ServiceEntry', 'WorkloadEntry'].map(kind => definition(kind, 'networking.istio.io', 'v1')))
  await api.put(...NAMESPACES.map(namespace))
  const cluster = kubeconfigOf(`http://127.0.0.1:${api.port}`)
  const old = await start(cluster)
  await using _old = old.server
  const random = new Random(SEED)
  const objects = new RandomObjects(random)
  const kinds = ['service', 'endpointSlice', 'serviceEntry', 'workloadEntry', 'pod'] as const
  const changes = new Changes(
    random,
    api,
    kinds.map(kind => () => objects[kind]()),
  )
  let records = 0
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 25; i++) await changes.next()
    const young = await start(cluster)
    await using _young = young.server
    await untilRight(async () => {
      for (const [name, type] of QUESTIONS) {
        for (const [i, mode] of MODES.entries()) {
          const answers = await Promise.all(
            [young, old].map(async ({ server, ports }) => comparable(await server.query(name, type, { port: ports[i]! }))),
          )
          assert.deepEqual(answers[1], answers[0], `round ${round}: ${mode} ${name} ${type}`)
          records += answers[0]!.answer.length
        }
      }
    })
  }
  assert.ok(records > 0, 'no record was compared')
})
