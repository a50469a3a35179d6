import { setTimeout as wait } from 'node:timers/promises'
import { Cluster, cachingPod, headless, namespaces, pods, sliceOf } from '../cluster.ts'
import { type Edits, edits, numbered } from '../edits.ts'
import { count, decimals, type Row } from '../report.ts'
import type { StartedServer } from '../stand.ts'
import { quantile } from '../statistics.ts'
import { verify } from '../verify.ts'
import { Watcher } from '../watcher.ts'
import type { Scenario } from './scenario.ts'

const EDITS = 200
/** Other Services whose endpoints change meanwhile, in steps of so many, one step each so many milliseconds. */
const OTHERS = 200
const STEP = 5
const PERIOD = 1000 / 86

const [SERVICE, NAMESPACE] = ['web', 'fresh']
const name = `${SERVICE}.${NAMESPACE}.svc.cluster.local`
/** Other addresses for each edit. */
const addresses = (edit: number) => [1, 2].map(last => `10.200.${edit % 250}.${last}`)
const outcomeOf = (edit: number) => `NOERROR ${addresses(edit).join(' ')}`

const milliseconds = decimals(1)
const columns = [
  { key: 'p50', title: 'p50 ms', format: milliseconds, ratio: true },
  { key: 'p99', title: 'p99 ms', format: milliseconds, ratio: true },
  { key: 'writeP50', title: 'write p50 ms', format: milliseconds },
  { key: 'writeP99', title: 'write p99 ms', format: milliseconds },
  { key: 'busyP50', title: 'busy p50 ms', format: milliseconds, ratio: true },
  { key: 'busyP99', title: 'busy p99 ms', format: milliseconds, ratio: true },
  { key: 'busyWriteP50', title: 'write p50 ms', format: milliseconds },
  { key: 'busyWriteP99', title: 'write p99 ms', format: milliseconds },
  { key: 'churn', title: 'changes/s', format: count },
  { key: 'late', title: 'late', format: count },
  { key: 'empty', title: 'empty', format: count },
  { key: 'wrong', title: 'wrong', format: count },
  { key: 'lost', title: 'lost', format: count },
] as const

/** From the moment before a slice is written to the API server to the first reply with its addresses, while a client asks without pause. */
export const clusterFresh: Scenario = {
  name: 'cluster-fresh',
  title: `${EDITS} edits of a slice at rest, and as many while others change`,
  async run({ stand, say, has }) {
    // On the core of the load, which is all used by other changes and their clients, it would be the queue there that is measured.
    const cluster = await Cluster.start(stand, 'both')
    const others = Array.from({ length: OTHERS }, (_, i) => headless(`c${i}`, NAMESPACE, ['10.201.0.1']))
    await cluster.putAll([...namespaces(NAMESPACE), ...headless(SERVICE, NAMESPACE, addresses(0)), ...others.flat()])
    // An API server's first writes take longer than later ones, for every watcher.
    for (let i = 0; i < EDITS; i++) await cluster.replace(sliceOf(SERVICE, NAMESPACE, addresses(i)))
    const [first, ...rest] = pods(cluster, has)
    const rows: Row[] = []
    const notes: string[] = []
    for (const peer of [first!, cachingPod(cluster), ...rest]) {
      say(`cluster-fresh: ${peer.name}`)
      await cluster.replace(sliceOf(SERVICE, NAMESPACE, addresses(0)))
      const server = await stand.start(peer, {})
      const measured = await measure(server, cluster)
      await server.process.stop('SIGINT')
      rows.push({ server: peer.name, values: measured.values })
      notes.push(...measured.examples.map(example => `${peer.name}: ${example}`))
    }
    return { scenario: this.name, title: this.title, columns, rows, notes }
  },
}

async function measure(server: StartedServer, cluster: Cluster) {
  await verify(server, [{ name, rcode: 'NOERROR', addresses: addresses(0) }])
  using watcher = new Watcher(server.port, name, outcomeOf(0))
  const rest = await edit(watcher, cluster, 0)
  const churn = new Churn(cluster)
  const busy = await edit(watcher, cluster, EDITS)
  const changes = await churn.stop()
  const { empty, wrong, lost } = watcher.counts
  return {
    examples: watcher.examples,
    values: {
      p50: quantile(rest.delays, 0.5),
      p99: quantile(rest.delays, 0.99),
      writeP50: quantile(rest.writes, 0.5),
      writeP99: quantile(rest.writes, 0.99),
      busyP50: quantile(busy.delays, 0.5),
      busyP99: quantile(busy.delays, 0.99),
      busyWriteP50: quantile(busy.writes, 0.5),
      busyWriteP99: quantile(busy.writes, 0.99),
      churn: changes,
      late: rest.late + busy.late,
      empty,
      wrong,
      lost,
    },
  }
}

/** @returns with the milliseconds after which the API server has acknowledged each */
async function edit(watcher: Watcher, cluster: Cluster, from: number): Promise<Edits & { writes: number[] }> {
  const writes: number[] = []
  const write = async (edit: number) => {
    const start = performance.now()
    await cluster.replace(sliceOf(SERVICE, NAMESPACE, addresses(edit)))
    writes.push(performance.now() - start)
  }
  return { ...(await edits(watcher, numbered(EDITS, from), outcomeOf, write)), writes }
}

/** Endpoints of other Services that change all the time. */
class Churn {
  readonly #cluster: Cluster
  readonly #begun = performance.now()
  readonly #ended: Promise<void>
  #changes = 0
  #going = true

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    this.#ended = this.#run()
  }

  async #run(): Promise<void> {
    for (let step = 0; this.#going; step++) {
      const due = this.#begun + step * PERIOD
      const slices = Array.from({ length: STEP }, (_, i) =>
        sliceOf(`c${(step * STEP + i) % OTHERS}`, NAMESPACE, [`10.201.${step & 255}.${i}`]),
      )
      await Promise.all(slices.map(slice => this.#cluster.replace(slice)))
      this.#changes += STEP
      await wait(Math.max(0, due - performance.now()))
    }
  }

  /** @returns changes a second */
  async stop(): Promise<number> {
    this.#going = false
    await this.#ended
    return (1000 * this.#changes) / (performance.now() - this.#begun)
  }
}
