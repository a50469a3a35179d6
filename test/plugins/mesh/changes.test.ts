import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { realApiProgram } from '#test/support/kubernetes/build.ts'
import { Changes } from '#test/support/kubernetes/changes.ts'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { kubeconfigOf } from '#test/support/kubernetes/kubeconfig.ts'
import { definition, listPath, namespace } from '#test/support/kubernetes/objects.ts'
import { CLIENTS, NAMESPACES, QUESTIONS, RandomObjects } from '#test/support/kubernetes/random-objects.ts'
import { RealApi } from '#test/support/kubernetes/real-api.ts'
import { comparable } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { Random, SEED } from '#test/support/random.ts'
import { startServer } from '#test/support/server.ts'
import { untilRight } from '#test/support/waiting.ts'

/** Ways to the same objects, and what is answered from them. */
const BLOCKS = ['kubernetes kubeconfig cluster.yaml', 'file objects'].flatMap(source =>
  ['endpoints', 'vip'].map(mode => ({ source, mode })),
)

const GROUPS: Readonly<Record<string, string>> = {
  EndpointSlice: 'discovery.k8s.io/v1',
  ServiceEntry: 'networking.istio.io/v1',
  WorkloadEntry: 'networking.istio.io/v1',
}
const KINDS = ['Service', 'EndpointSlice', 'ServiceEntry', 'WorkloadEntry', 'Pod', 'Namespace'] as const

const corefile = (ports: readonly number[]) =>
  BLOCKS.map(
    ({ source, mode }, i) => `.:${ports[i]} {
    mesh cluster.local in-addr.arpa ip6.arpa {
        source ${source}
        answer ${mode}
    }
    hosts {
        192.0.2.80 www.example.org
        fallthrough
    }
}
`,
  ).join('')

/** All that there is, as `kubectl get -o json` has it: a file for each kind. */
async function manifests(api: FakeApi | RealApi): Promise<Record<string, string>> {
  const url = `http://127.0.0.1:${api.port}`
  const files = await Promise.all(
    KINDS.map(async kind => {
      const apiVersion = GROUPS[kind] ?? 'v1'
      const response = await fetch(url + listPath({ apiVersion, kind }), { headers: { accept: 'application/json' } })
      return [`objects/${kind}.json`, await response.text()] as const
    }),
  )
  return Object.fromEntries(files)
}

async function start(cluster: string, objects: Readonly<Record<string, string>>) {
  const ports = await Promise.all(BLOCKS.map(freePort))
  const server = await startServer(corefile(ports), { files: { 'cluster.yaml': cluster, ...objects } })
  return { server, ports }
}

test(`whatever changes, the mesh is as a new server reads it, from an API server and from files (SEED=${SEED})`, {
  timeout: 110_000,
}, async () => {
  const built = await realApiProgram()
  await using api = 'skip' in built ? await FakeApi.start() : await RealApi.start(built.program)
  await api.put(...['ServiceEntry', 'WorkloadEntry'].map(kind => definition(kind, 'networking.istio.io', 'v1')))
  await api.put(...NAMESPACES.map(namespace))
  const cluster = kubeconfigOf(`http://127.0.0.1:${api.port}`)
  const old = await start(cluster, await manifests(api))
  await using _old = old.server
  const random = new Random(SEED)
  const objects = new RandomObjects(random)
  const makers = ['service', 'endpointSlice', 'serviceEntry', 'workloadEntry', 'pod'] as const
  const changes = new Changes(
    random,
    api,
    makers.map(kind => () => objects[kind]()),
  )
  // Apart from the changes: how often something is asked depends on the time.
  const askers = new Random(SEED)
  let records = 0
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 25; i++) await changes.next()
    const files = await manifests(api)
    for (const [file, text] of Object.entries(files)) writeFileSync(old.server.path(file), text)
    const young = await start(cluster, files)
    await using _young = young.server
    await untilRight(async () => {
      for (const [name, type] of QUESTIONS) {
        const from = askers.one(...CLIENTS)
        // Of many records, 512 octets hold any.
        const ask = async ({ server, ports }: typeof old, block: number) =>
          comparable(await server.query(name, type, { port: ports[block]!, from, edns: { udpSize: 4096 } }))
        for (const mode of [0, 1]) {
          const answers = await Promise.all([ask(young, mode), ask(old, mode), ask(young, mode + 2), ask(old, mode + 2)])
          for (const [i, answer] of answers.entries())
            assert.deepEqual(answer, answers[0], `round ${round}: ${name} ${type} from ${from}, answer ${i} of mode ${mode}`)
          records += answers[0]!.answer.length
        }
      }
    })
  }
  assert.ok(records > 0, 'no record was compared')
})
