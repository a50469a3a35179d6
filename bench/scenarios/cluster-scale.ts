import { Cluster, headless, namespaces, pods, sliceOf } from '../cluster.ts'
import { runDnsperf } from '../dnsperf.ts'
import type { Peer } from '../peers/peer.ts'
import { count, decimals, type Row } from '../report.ts'
import type { Stand, StartedServer } from '../stand.ts'
import { median } from '../statistics.ts'
import { type Expected, verify } from '../verify.ts'
import { Watcher } from '../watcher.ts'
import type { Bench, Scenario } from './scenario.ts'
import { WARM_UP } from './throughput.ts'

const SERVICES = 10_000
const ENDPOINTS = 10
const NAMESPACES = 100
/** Names that the load asks for. */
const ASKED = 2000
/** Services of the other cluster, all of which are asked for. */
const FEW = 100
const STARTS = 3
/** How long everything may take to be listed anew, in milliseconds. */
const RELIST = 20_000

const namespaceOf = (i: number) => `s${i % NAMESPACES}`
const addressesOf = (i: number) =>
  Array.from({ length: ENDPOINTS }, (_, k) => {
    const at = i * ENDPOINTS + k
    return `100.${64 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}`
  })
const nameOf = (i: number) => `w${i}.${namespaceOf(i)}.svc.cluster.local`
const outcomeOf = (addresses: readonly string[]) => `NOERROR ${addresses.toSorted().join(' ')}`
const expected = (i: number): Expected => ({ name: nameOf(i), rcode: 'NOERROR', addresses: addressesOf(i) })
/** The one that is asked for while servers start, listed last. */
const LAST = expected(SERVICES - 1)

const columns = [
  { key: 'start', title: 'start ms', format: count, ratio: true },
  { key: 'cpu', title: 'CPU ms', format: count, ratio: true },
  { key: 'resident', title: 'RSS MB', format: decimals(0), ratio: true },
  { key: 'peak', title: 'relist peak MB', format: decimals(0), ratio: true },
  { key: 'queriesPerSecond', title: 'queries/s', format: count, ratio: true },
  { key: 'share', title: `÷ ${count(FEW)} Services`, format: decimals(2) },
  { key: 'empty', title: 'empty', format: count },
  { key: 'wrong', title: 'wrong', format: count },
  { key: 'lost', title: 'lost', format: count },
] as const

/** Start to the first right answer, memory then and at the peak of a full relist, and what is answered meanwhile. */
export const clusterScale: Scenario = {
  name: 'cluster-scale',
  title: `${count(SERVICES)} Services with ${count(SERVICES * ENDPOINTS)} endpoints`,
  async run(bench) {
    const { stand, say, has } = bench
    say('cluster-scale: the clusters are being filled')
    const [cluster, few] = [await fill(stand, SERVICES), await fill(stand, FEW)]
    const peers = pods(cluster, has)
    const starts = peers.map((): Started[] => [])
    for (let i = 1; i <= STARTS; i++) {
      say(`cluster-scale: start ${i} of ${STARTS}`)
      for (const [at, peer] of peers.entries()) starts[at]!.push(await start(stand, peer))
    }
    const rows: Row[] = []
    const notes: string[] = []
    for (const [at, small] of pods(few, has).entries()) {
      say(`cluster-scale: ${small.name}`)
      const server = await stand.start(peers[at]!, {})
      await verify(server, [LAST])
      const loads = await load(bench, server, small)
      const { counts, examples, peak } = await relist(server, cluster)
      await server.process.stop('SIGINT')
      const { empty, wrong, lost } = counts
      rows.push({
        server: small.name,
        values: { ...medians(starts[at]!), ...loads, peak, empty, wrong, lost: loads.lost + lost },
      })
      notes.push(...examples.map(example => `${small.name}: ${example}`))
    }
    return { scenario: this.name, title: this.title, columns, rows, notes }
  },
}

/** A cluster with so many Services. */
async function fill(stand: Stand, services: number): Promise<Cluster> {
  const cluster = await Cluster.start(stand)
  await cluster.putAll(namespaces(...Array.from({ length: NAMESPACES }, (_, i) => namespaceOf(i))))
  await cluster.putAll(Array.from({ length: services }, (_, i) => headless(`w${i}`, namespaceOf(i), addressesOf(i))).flat())
  return cluster
}

interface Started {
  readonly start: number
  readonly cpu: number
  readonly resident: number
}

/** A server that is ended as soon as it answers. */
async function start(stand: Stand, peer: Peer): Promise<Started> {
  const server = await stand.start(peer, {})
  await verify(server, [LAST])
  const { process } = server
  const started = {
    start: performance.now() - process.startedAt,
    cpu: 1000 * process.cpuSeconds(),
    resident: process.residentMegabytes(),
  }
  await process.stop('SIGINT')
  return started
}

const medians = (starts: readonly Started[]): Started => ({
  start: median(starts.map(({ start }) => start)),
  cpu: median(starts.map(({ cpu }) => cpu)),
  resident: median(starts.map(({ resident }) => resident)),
})

/** All that a server can answer, by turns with the same one with few Services. */
async function load({ stand, seconds, rounds }: Bench, server: StartedServer, small: Peer) {
  const other = await stand.start(small, {})
  await verify(other, [expected(0)])
  const contenders = [
    { port: server.port, questions: questions(stand, ASKED, SERVICES / ASKED), rates: [] as number[] },
    { port: other.port, questions: questions(stand, FEW, 1), rates: [] as number[] },
  ] as const
  let lost = 0
  for (const { port, questions } of contenders) await runDnsperf(stand, { port, questions, seconds: WARM_UP })
  for (let round = 0; round < rounds; round++) {
    for (const { port, questions, rates } of contenders) {
      const load = await runDnsperf(stand, { port, questions, seconds })
      rates.push(load.queriesPerSecond)
      lost += load.lost
    }
  }
  await other.process.stop('SIGINT')
  const [queriesPerSecond, ofFew] = [median(contenders[0].rates), median(contenders[1].rates)]
  return { queriesPerSecond, share: queriesPerSecond / ofFew, lost }
}

/** A file of so many names of Services, each so many behind the one before. */
const questions = (stand: Stand, count: number, step: number): string =>
  stand.write(`cluster-questions-${count}`, Array.from({ length: count }, (_, i) => `${nameOf(step * i)} A\n`).join(''))

/** A list of everything anew, and what a client is told meanwhile. `peak` is the most memory that the server has ever had, in MB. */
async function relist({ port, process }: StartedServer, cluster: Cluster) {
  using watcher = new Watcher(port, LAST.name, outcomeOf(LAST.addresses))
  await cluster.restart()
  for (const addresses of [['192.0.2.1'], LAST.addresses]) {
    const slice = sliceOf(`w${SERVICES - 1}`, namespaceOf(SERVICES - 1), addresses)
    await watcher.expect(outcomeOf(addresses), RELIST, () => void cluster.replace(slice))
  }
  const { counts, examples } = watcher
  return { counts: { ...counts }, examples, peak: process.peakMegabytes() }
}
