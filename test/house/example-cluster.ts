/** The cluster that examples of READMEs speak of, at the API server of `kubectl proxy`: the manifests of `examples/mesh`, and a little more. */
import { parseAllDocuments } from 'yaml'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { type KubeObject, namespace, pod, service } from '#test/support/kubernetes/objects.ts'
import { filesOf } from './files.ts'

export const EXAMPLE_API = 'http://127.0.0.1:8001'

const named = (apiVersion: string, kind: string, spec: object): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: 'example', namespace: 'default' },
  spec,
})

export async function startExampleCluster(): Promise<FakeApi> {
  const api = await FakeApi.start()
  api.put(
    namespace('default'),
    service('gateway', { externalIPs: ['203.0.113.80'], ports: [{ name: 'https', protocol: 'TCP', port: 443 }] }),
    // What the outside reaches, and the hosts that it finds there.
    {
      ...service(
        'ingressgateway',
        { type: 'LoadBalancer', selector: { istio: 'ingressgateway' } },
        { namespace: 'istio-system' },
      ),
      status: { loadBalancer: { ingress: [{ ip: '203.0.113.81' }] } },
    },
    named('networking.istio.io/v1', 'Gateway', {
      selector: { istio: 'ingressgateway' },
      servers: [{ hosts: ['*.example.org'] }],
    }),
    named('networking.istio.io/v1', 'VirtualService', { hosts: ['shop.example.org'], gateways: ['example'] }),
    {
      ...named('gateway.networking.k8s.io/v1', 'Gateway', { gatewayClassName: 'istio', listeners: [{ name: 'http' }] }),
      status: { addresses: [{ type: 'IPAddress', value: '203.0.113.82' }] },
    },
    named('gateway.networking.k8s.io/v1', 'HTTPRoute', { hostnames: ['api.example.org'], parentRefs: [{ name: 'example' }] }),
    // Who asks.
    pod('client', { phase: 'Running', podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] }),
  )
  for (const { text } of filesOf('examples/mesh', '.yaml'))
    for (const document of parseAllDocuments(text)) api.put(document.toJS() as KubeObject)
  return api
}
