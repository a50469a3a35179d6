import { coredns } from '../peers/coredns.ts'
import { istioCoredns } from '../peers/istio-coredns.ts'
import { knot } from '../peers/knot.ts'
import { mesh as registry } from '../registry.ts'
import { sample } from '../verify.ts'
import { throughput } from './throughput.ts'

export const tcp = throughput({
  name: 'tcp',
  title: '2,000 names with 3 endpoints each, from manifests, over 8 TCP connections',
  questions: registry.entries.map(({ name }) => name),
  expected: sample(registry),
  transport: 'tcp',
  contenders: async () => [
    { peer: istioCoredns, role: { memory: { registry, from: 'mesh' } } },
    { peer: knot, role: { memory: { registry, from: 'zone' } } },
    { peer: coredns, role: { memory: { registry, from: 'hosts' } } },
  ],
})
