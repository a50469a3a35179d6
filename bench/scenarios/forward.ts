import { coredns } from '../peers/coredns.ts'
import { dnsdist } from '../peers/dnsdist.ts'
import { istioCoredns } from '../peers/istio-coredns.ts'
import { WILDCARD } from '../registry.ts'
import { throughput } from './throughput.ts'
import { startUpstream } from './upstream.ts'

const questions = Array.from({ length: 100_000 }, (_, i) => `name-${String(i).padStart(6, '0')}.${WILDCARD}`)

export const forward = throughput({
  name: 'forward',
  title: 'every name another one, none cached',
  questions,
  expected: questions.slice(0, 20).map(name => ({ name, rcode: 'NOERROR', addresses: ['192.0.2.1'] })),
  async contenders(bench) {
    const role = { upstream: { port: await startUpstream(bench), cache: false } }
    return [istioCoredns, dnsdist, coredns].map(peer => ({ peer, role }))
  },
})
