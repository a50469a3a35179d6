import { coredns } from '../peers/coredns.ts'
import { dnsdist } from '../peers/dnsdist.ts'
import { istioCoredns } from '../peers/istio-coredns.ts'
import { unbound } from '../peers/unbound.ts'
import { outside } from '../registry.ts'
import { sample } from '../verify.ts'
import { throughput } from './throughput.ts'
import { startUpstream } from './upstream.ts'

export const cache = throughput({
  name: 'cache',
  title: '2,000 names of an upstream, all in the cache after the first second',
  questions: outside.entries.map(({ name }) => name).filter(name => !name.startsWith('*')),
  expected: sample(outside),
  async contenders(bench) {
    const role = { upstream: { port: await startUpstream(bench), cache: true } }
    return [istioCoredns, unbound, dnsdist, coredns].map(peer => ({ peer, role }))
  },
})
