import { coredns } from '../peers/coredns.ts'
import { istioCoredns } from '../peers/istio-coredns.ts'
import { knot } from '../peers/knot.ts'
import { mesh as registry } from '../registry.ts'
import { sample } from '../verify.ts'
import { throughput } from './throughput.ts'

/** *mesh* has no equal among the peers: CoreDNS reads a hosts file, Knot a zone. */
export const mesh = throughput({
  name: 'mesh',
  title: '2,000 names with 3 endpoints each, from manifests',
  questions: registry.entries.map(({ name }) => name),
  expected: sample(registry),
  contenders: async () => [
    { peer: istioCoredns, role: { memory: { registry, from: 'mesh' } } },
    { peer: knot, role: { memory: { registry, from: 'zone' } } },
    { peer: coredns, role: { memory: { registry, from: 'hosts' } } },
  ],
})
