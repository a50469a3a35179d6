import { coredns } from '../peers/coredns.ts'
import { istioCoredns } from '../peers/istio-coredns.ts'
import { knot } from '../peers/knot.ts'
import type { Peer } from '../peers/peer.ts'
import { many, type Registry } from '../registry.ts'
import { decimals, type Table } from '../report.ts'
import { sample } from '../verify.ts'
import type { Scenario } from './scenario.ts'
import { type Contender, throughput } from './throughput.ts'

const few: Registry = { ...many, entries: many.entries.slice(0, 100) }

/** The same server with the first names only. */
const fewOf = ({ name }: Peer): string => `${name}-first-100`

const asked = (peer: Peer, name: string, registry: Registry): Contender => ({
  peer: { ...peer, name },
  role: { memory: { registry, from: 'hosts' } },
  questions: registry.entries.map(({ name }) => name),
})

const peers: readonly Peer[] = [istioCoredns, knot, coredns]

const load = throughput({
  name: 'names',
  title: '100,000 names, beside the first 100 of them',
  questions: [],
  expected: sample(few),
  contenders: async () => peers.flatMap(peer => [asked(peer, peer.name, many), asked(peer, fewOf(peer), few)]),
})

/** What each server keeps of what it does with few names. */
function kept({ rows }: Table): string[] {
  const ratio = decimals(2)
  return peers.flatMap(peer => {
    const [all, first] = [peer.name, fewOf(peer)].map(name => rows.find(({ server }) => server === name)?.values)
    if (!all || !first) return []
    const [rate, cpu] = [all.queriesPerSecond! / first.queriesPerSecond!, all.cpuMicroseconds! / first.cpuMicroseconds!]
    return [`${peer.name}, 100,000 ÷ 100 names: ${ratio(rate)} of the queries/s, ${ratio(cpu)} of the CPU time a query`]
  })
}

/** What servers lose when they know, and are asked for, a thousand times as many names. */
export const names: Scenario = {
  ...load,
  async run(bench) {
    const table = await load.run(bench)
    return { ...table, notes: [...table.notes, ...kept(table)] }
  },
}
