import { istioCoredns } from '../peers/istio-coredns.ts'
import { mesh as registry } from '../registry.ts'
import type { Core } from '../stand.ts'
import { sample } from '../verify.ts'
import { throughput } from './throughput.ts'

/** This server with so many threads. */
const withThreads = (threads: number, core: Core) => ({
  peer: { ...istioCoredns, name: `multisocket-${threads}` },
  role: { memory: { registry, from: 'mesh' as const }, threads },
  core,
})

const threads = (name: string, title: string, core: Core) =>
  throughput({
    name,
    title: `the names of mesh, with two threads and with one; ${title}`,
    questions: registry.entries.map(({ name }) => name),
    expected: sample(registry),
    contenders: async () => [withThreads(2, core), withThreads(1, core)],
  })

/** What one more thread costs: the work of a query, and memory. */
export const multisocket = threads('multisocket', 'they share one core, the load has the other', 'server')

/** The same, as far as two cores that the load needs, too, can tell. */
export const multisocketCores = threads('multisocket-cores', 'the load is on the same two cores', 'both')
