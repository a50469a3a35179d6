import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toAddress } from '#src/dns/address.ts'
import { localAddresses } from '#src/feeds/cluster-index/local-addresses.ts'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { endpointSlice, namespace, service } from '#test/support/kubernetes/objects.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'

const own = localAddresses([])
  .filter(({ length }) => length === 4)
  .map(address => toAddress(Buffer.from(address, 'latin1')))
const ZONE = 'cluster.local.'
const SYSTEM = { namespace: 'kube-system' }

const start = (api: FakeApi) => startServer(`.:0 {\n  kubernetes ${ZONE} {\n    endpoint ${api.url}\n  }\n}\n`)

const told = async (server: ServerProcess) => {
  const { answer, additional } = await server.query(ZONE, 'NS')
  return [...answer, ...additional].map(line => line.replace(/^(\S+) 5 IN /, '$1 '))
}

test('a server that is an endpoint of no Service is called ns.dns, with its own addresses', {
  skip: own.length === 0,
}, async () => {
  await using api = await FakeApi.start()
  await using server = await start(api)
  const lines = await told(server)
  assert.equal(lines[0], `${ZONE} NS ns.dns.${ZONE}`)
  for (const address of own) assert.ok(lines.includes(`ns.dns.${ZONE} A ${address}`), address)
  const { answer } = await server.query(`ns.dns.${ZONE}`)
  assert.deepEqual(answer.map(line => line.split(' ').at(-1)).sort(), own.toSorted())
})

test('a server in the cluster is called as the Services are that it is an endpoint of', { skip: own.length === 0 }, async () => {
  await using api = await FakeApi.start()
  api.put(
    namespace('kube-system'),
    service('dns', { clusterIP: '10.96.0.53', clusterIPs: ['10.96.0.53'] }, SYSTEM),
    endpointSlice('dns', [own[0]!, '10.244.0.53'], {}, SYSTEM),
  )
  await using server = await start(api)
  assert.deepEqual(await told(server), [`${ZONE} NS dns.kube-system.svc.${ZONE}`, `dns.kube-system.svc.${ZONE} A 10.96.0.53`])
  assert.deepEqual((await server.query(`ns.dns.${ZONE}`)).answer, [`ns.dns.${ZONE} 5 IN A 10.96.0.53`])
  api.put(service('dns', { clusterIP: 'None', clusterIPs: ['None'] }, SYSTEM))
  const names = [own[0]!, '10.244.0.53'].map(address => `${address.replaceAll('.', '-')}.dns.kube-system.svc.${ZONE}`)
  while ((await told(server)).length < 4);
  const lines = await told(server)
  assert.deepEqual(
    lines.slice(0, 2),
    names.map(name => `${ZONE} NS ${name}`),
  )
  assert.deepEqual(lines.slice(2), [`${names[0]} A ${own[0]}`, `${names[1]} A 10.244.0.53`])
})
