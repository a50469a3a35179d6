import { coredns } from '../peers/coredns.ts'
import { istioCoredns } from '../peers/istio-coredns.ts'
import type { Peer } from '../peers/peer.ts'
import { many, type Registry } from '../registry.ts'
import { sample } from '../verify.ts'
import { type Contender, throughput } from './throughput.ts'

const few: Registry = { ...many, entries: many.entries.slice(0, 100) }

const asked = (peer: Peer, name: string, registry: Registry): Contender => ({
  peer: { ...peer, name },
  role: { memory: { registry, from: 'hosts' } },
  questions: registry.entries.map(({ name }) => name),
})

/** What this server loses when it knows, and is asked for, a thousand times as many names. */
export const names = throughput({
  name: 'names',
  title: '100,000 names from a hosts file, beside the first 100 of them',
  questions: [],
  expected: sample(few),
  contenders: async () => [
    asked(istioCoredns, istioCoredns.name, many),
    asked(istioCoredns, 'the-first-100', few),
    asked(coredns, coredns.name, many),
    asked(coredns, 'coredns-first-100', few),
  ],
})
