import { coredns } from '../peers/coredns.ts'
import { istioCoredns } from '../peers/istio-coredns.ts'
import { outside, mesh as registry, WILDCARD } from '../registry.ts'
import { sample } from '../verify.ts'
import { throughput } from './throughput.ts'
import { startUpstream } from './upstream.ts'

/** More names that are asked once than any of the caches holds. */
const TENS = 50_000

const cached = outside.entries.filter(({ name }) => !name.startsWith('*'))

/** Of ten: seven from memory, two from the cache, one that the upstream is asked for. */
const questions = Array.from({ length: TENS }, (_, ten) => [
  ...Array.from({ length: 7 }, (_, i) => registry.entries[(7 * ten + i) % registry.entries.length]!.name),
  ...Array.from({ length: 2 }, (_, i) => cached[(2 * ten + i) % cached.length]!.name),
  `name-${ten}.${WILDCARD}`,
]).flat()

export const mixed = throughput({
  name: 'mixed',
  title: '70 % from memory, 20 % from the cache, 10 % forwarded',
  questions,
  expected: [...sample(registry), ...sample(outside)],
  async contenders(bench) {
    const upstream = { port: await startUpstream(bench), cache: true }
    return [
      { peer: istioCoredns, role: { memory: { registry, from: 'mesh' }, upstream } },
      { peer: coredns, role: { memory: { registry, from: 'hosts' }, upstream } },
    ]
  },
})
