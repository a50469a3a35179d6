import { coredns } from '../peers/coredns.ts'
import { istioCoredns } from '../peers/istio-coredns.ts'
import { knot } from '../peers/knot.ts'
import { mesh as registry } from '../registry.ts'
import { throughput } from './throughput.ts'

/** What a pod's resolver asks before it asks for the name that was meant: `ndots:5` and the three search domains of its namespace. */
const questions = Array.from({ length: 100 }, (_, i) => `host-${i}.example.org`).flatMap(name =>
  Array.from({ length: 20 }, (_, team) => `team-${team}.svc.`).flatMap(namespace =>
    [namespace, 'svc.', ''].map(search => `${name}.${search}cluster.local`),
  ),
)

/** CoreDNS answers from a zone here: its *hosts* has no NXDOMAIN. */
export const nxdomain = throughput({
  name: 'nxdomain',
  title: 'names of a search path that do not exist',
  questions,
  expected: questions.slice(0, 20).map(name => ({ name, rcode: 'NXDOMAIN', addresses: [] })),
  contenders: async () => [
    { peer: istioCoredns, role: { memory: { registry, from: 'mesh' } } },
    { peer: knot, role: { memory: { registry, from: 'zone' } } },
    { peer: coredns, role: { memory: { registry, from: 'zone' } } },
  ],
})
