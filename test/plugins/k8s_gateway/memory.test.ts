import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { startInProcess } from '#test/support/in-process.ts'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { definitions, gateway, httpRoute, listener } from './objects.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Octets. */
function heap(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

test('many names below a host of many routes take no more memory than few', async () => {
  await using api = await FakeApi.start()
  api.put(
    ...definitions,
    gateway(
      'public',
      { gatewayClassName: 'istio', listeners: [listener('wild', '*.gw.example.org')] },
      { addresses: [{ value: '203.0.113.40' }] },
    ),
    ...Array.from({ length: 200 }, (_, i) => httpRoute(`route-${i}`, { parentRefs: [{ name: 'public' }] })),
  )
  await using server = await startInProcess(`k8s_gateway example.org {
    endpoint http://127.0.0.1:${api.port}
    resources HTTPRoute
  }`)
  const askMany = async (prefix: string) => {
    for (let i = 0; i < 1000; i++)
      assert.deepEqual((await server.query(`${prefix}${i}.gw.example.org.`)).answer, [
        `${prefix}${i}.gw.example.org. 60 IN A 203.0.113.40`,
      ])
    return heap()
  }
  const before = await askMany('one')
  assert.ok((await askMany('two')) - before < 20_000_000)
})
