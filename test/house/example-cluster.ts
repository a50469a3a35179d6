/** The cluster that examples of READMEs speak of, at the API server of `kubectl proxy`: the manifests of `examples/mesh`, and a little more. */
import { parseAllDocuments } from 'yaml'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { type KubeObject, namespace, pod, service } from '#test/support/kubernetes/objects.ts'
import { filesOf } from './files.ts'

export const EXAMPLE_API = 'http://127.0.0.1:8001'

export async function startExampleCluster(): Promise<FakeApi> {
  const api = await FakeApi.start()
  api.put(
    namespace('default'),
    service('gateway', { externalIPs: ['203.0.113.80'], ports: [{ name: 'https', protocol: 'TCP', port: 443 }] }),
    // Who asks.
    pod('client', { phase: 'Running', podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] }),
  )
  for (const { text } of filesOf('examples/mesh', '.yaml'))
    for (const document of parseAllDocuments(text)) api.put(document.toJS() as KubeObject)
  return api
}
