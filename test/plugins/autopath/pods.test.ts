import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { namespace, pod, service } from '#test/support/kubernetes/objects.ts'
import { startServer } from '#test/support/server.ts'

const corefile = (api: FakeApi, options = 'pods verified') => `.:0 {
  autopath @kubernetes
  hosts {
    192.0.2.80 www.example.org
    fallthrough
  }
  kubernetes cluster.local {
    endpoint ${api.url}
    ${options}
  }
}
`

const client = (name: string, ...addresses: readonly string[]) =>
  pod(name, { phase: 'Running', podIP: addresses[0], podIPs: addresses.map(ip => ({ ip })) })

const NAME = 'www.example.org.default.svc.cluster.local.'

test('a Pod has its search list at each of its addresses, for as long as it is there', async () => {
  await using api = await FakeApi.start()
  api.put(namespace('default'), namespace('shop'), service('cart', {}, { namespace: 'shop' }), client('web', '127.0.0.1', '::1'))
  await using server = await startServer(corefile(api))
  for (const address of ['127.0.0.1', '::1']) {
    const { answer } = await server.query(NAME, 'A', { address })
    assert.deepEqual(answer, [`${NAME} 3600 IN CNAME www.example.org.`, 'www.example.org. 3600 IN A 192.0.2.80'], address)
  }
  assert.deepEqual((await server.query('cart.shop.default.svc.cluster.local.')).answer, [
    'cart.shop.default.svc.cluster.local. 5 IN CNAME cart.shop.svc.cluster.local.',
    'cart.shop.svc.cluster.local. 5 IN A 10.96.0.10',
  ])
  assert.equal((await server.query('www.example.org.shop.svc.cluster.local.')).rcode, 'NXDOMAIN', 'another namespace')
  api.put(client('web', '::1'))
  while ((await server.query(NAME)).rcode !== 'NXDOMAIN');
  assert.equal((await server.query(NAME, 'A', { address: '::1' })).rcode, 'NOERROR')
  api.delete(client('web'))
  while ((await server.query(NAME, 'A', { address: '::1' })).rcode !== 'NXDOMAIN');
})

test('without pods verified nothing is done, and that is told', async () => {
  await using api = await FakeApi.start()
  api.put(namespace('default'), client('web', '127.0.0.1'))
  await using server = await startServer(corefile(api, 'pods insecure'))
  await server.waitForLine(/^\[WARNING\] plugin\/autopath: this has no effect: @kubernetes needs the kubernetes plugin/)
  assert.equal((await server.query(NAME)).rcode, 'NXDOMAIN')
})
