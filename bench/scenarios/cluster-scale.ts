import { Cluster, headless, namespaces, pods, sliceOf } from '../cluster.ts'
import { runDnsperf } from '../dnsperf.ts'
import type { Peer } from '../peers/peer.ts'
import { count, decimals, type Row } from '../report.ts'
import type { StartedServer } from '../stand.ts'
import { median } from '../statistics.ts'
import { verify } from '../verify.ts'
import { Watcher } from '../watcher.ts'
import type { Bench, Scenario } from './scenario.ts'

const SERVICES = 10_000
const ENDPOINTS = 10
const NAMESPACES = 100
/** Names that the load asks for. */
const ASKED = 2000
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
/** The one that is asked for while servers start, listed last. */
const LAST = SERVICES - 1

const columns = [
  { key: 'start', title: 'start ms', format: count, ratio: true },
  { key: 'cpu', title: 'CPU ms', format: count, ratio: true },
  { key: 'resident', title: 'RSS MB', format: decimals(0), ratio: true },
  { key: 'peak', title: 'relist peak MB', format: decimals(0), ratio: true },
  { key: 'queriesPerSecond', title: 'queries/s', format: count, ratio: true },
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
    const cluster = await Cluster.start(stand)
    say('cluster-scale: the cluster is being filled')
    await cluster.putAll(namespaces(...Array.from({ length: NAMESPACES }, (_, i) => namespaceOf(i))))
    await cluster.putAll(objects())
    const questions = stand.write('cluster-questions', Array.from({ length: ASKED }, (_, i) => `${nameOf(5 * i)} A\n`).join(''))
    const rows: Row[] = []
    const notes: string[] = []
    for (const peer of pods(cluster, has)) {
      say(`cluster-scale: ${peer.name}`)
      const { values, examples } = await measure(bench, peer, cluster, questions)
      rows.push({ server: peer.name, values })
      notes.push(...examples.map(example => `${peer.name}: ${example}`))
    }
    return { scenario: this.name, title: this.title, columns, rows, notes }
  },
}

function* objects() {
  for (let i = 0; i < SERVICES; i++) yield* headless(`w${i}`, namespaceOf(i), addressesOf(i))
}

async function measure({ stand, seconds }: Bench, peer: Peer, cluster: Cluster, questions: string) {
  const starts: { milliseconds: number; cpu: number; resident: number }[] = []
  let server = await stand.start(peer, {})
  for (let i = 1; ; i++) {
    await verify(server, [{ name: nameOf(LAST), rcode: 'NOERROR', addresses: addressesOf(LAST) }])
    const { process } = server
    const milliseconds = performance.now() - process.startedAt
    starts.push({ milliseconds, cpu: 1000 * process.cpuSeconds(), resident: process.residentMegabytes() })
    if (i === STARTS) break
    await process.stop('SIGINT')
    server = await stand.start(peer, {})
  }
  const { queriesPerSecond, lost } = await runDnsperf(stand, { port: server.port, questions, seconds })
  const { counts, examples, peak } = await relist(server, cluster)
  await server.process.stop('SIGINT')
  return {
    examples,
    values: {
      start: median(starts.map(start => start.milliseconds)),
      cpu: median(starts.map(start => start.cpu)),
      resident: median(starts.map(start => start.resident)),
      peak,
      queriesPerSecond,
      empty: counts.empty,
      wrong: counts.wrong,
      lost: lost + counts.lost,
    },
  }
}

/** A list of everything anew, and what a client is told meanwhile. `peak` is the most memory that the server has ever had, in MB. */
async function relist({ port, process }: StartedServer, cluster: Cluster) {
  using watcher = new Watcher(port, nameOf(LAST), outcomeOf(addressesOf(LAST)))
  await cluster.restart()
  for (const addresses of [['192.0.2.1'], addressesOf(LAST)]) {
    const slice = sliceOf(`w${LAST}`, namespaceOf(LAST), addresses)
    await watcher.expect(outcomeOf(addresses), RELIST, () => void cluster.replace(slice))
  }
  const { counts, examples } = watcher
  return { counts: { ...counts }, examples, peak: process.peakMegabytes() }
}
