import { coredns } from '../peers/coredns.ts'
import { dnsmasq } from '../peers/dnsmasq.ts'
import { istioCoredns } from '../peers/istio-coredns.ts'
import { knot } from '../peers/knot.ts'
import { mesh as registry } from '../registry.ts'
import { sample } from '../verify.ts'
import { throughput } from './throughput.ts'

export const hosts = throughput({
  name: 'hosts',
  title: '2,000 names with 3 addresses each, from a hosts file',
  questions: registry.entries.map(({ name }) => name),
  expected: sample(registry),
  contenders: async () => [
    { peer: istioCoredns, role: { memory: { registry, from: 'hosts' } } },
    { peer: knot, role: { memory: { registry, from: 'zone' } } },
    { peer: dnsmasq, role: { memory: { registry, from: 'hosts' } } },
    { peer: coredns, role: { memory: { registry, from: 'hosts' } } },
  ],
})
