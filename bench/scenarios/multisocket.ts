import { istioCoredns } from '../peers/istio-coredns.ts'
import { mesh as registry } from '../registry.ts'
import { sample } from '../verify.ts'
import { throughput } from './throughput.ts'

/** This server with so many threads, on all the cores that there are, which it shares with the load. */
const withThreads = (threads: number) => ({
  peer: { ...istioCoredns, name: `multisocket-${threads}` },
  role: { memory: { registry, from: 'mesh' as const }, threads },
  core: 'both' as const,
})

/** What one more thread costs: the work of a query, and memory. */
export const multisocket = throughput({
  name: 'multisocket',
  title: 'the names of mesh, with two threads and with one; the load is on the same two cores',
  questions: registry.entries.map(({ name }) => name),
  expected: sample(registry),
  contenders: async () => [withThreads(2), withThreads(1)],
})
