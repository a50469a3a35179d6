import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { realApiProgram } from '#test/support/kubernetes/build.ts'
import { Changes } from '#test/support/kubernetes/changes.ts'
import { namespace } from '#test/support/kubernetes/objects.ts'
import { NAMESPACES, QUESTIONS, RandomObjects } from '#test/support/kubernetes/random-objects.ts'
import { RealApi } from '#test/support/kubernetes/real-api.ts'
import { type Answer, comparable } from '#test/support/message.ts'
import { Random, SEED } from '#test/support/random.ts'
import { startServer } from '#test/support/server.ts'
import { untilRight } from '#test/support/waiting.ts'
import { linesOf } from './apis.ts'

/** That a CNAME is told, whatever it leads to, is meant: see the README. */
const isMeant = (their: Answer, our: Answer) => their.answer.length === 0 && / CNAME /.test(our.answer[0] ?? '')

test(`whatever changes, CoreDNS answers the same afterwards (SEED=${SEED})`, {
  skip: noCoreDns() ?? false,
  timeout: 110_000,
}, async t => {
  const built = await realApiProgram()
  if ('skip' in built) return t.skip(built.skip)
  await using api = await RealApi.start(built.program)
  await api.put(...NAMESPACES.map(namespace))
  const lines = linesOf(api.port, ['pods insecure', 'endpoint_pod_names'])
  await using theirs = await CoreDns.start(`. {${lines}}\n`)
  await using ours = await startServer(`.:0 {${lines}}\n`)
  const random = new Random(SEED)
  const objects = new RandomObjects(random)
  const changes = new Changes(random, api, [() => objects.service(), () => objects.endpointSlice()])
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 12; i++) await changes.next()
    await untilRight(async () => {
      for (const [name, type] of QUESTIONS) {
        const [their, our] = await Promise.all(
          [theirs, ours].map(server => server.query(name, type, { edns: { udpSize: 4096 } })),
        )
        if (!isMeant(their!, our!)) assert.deepEqual(comparable(our!), comparable(their!), `round ${round}: ${name} ${type}`)
      }
    })
  }
})
