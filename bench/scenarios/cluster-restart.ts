import { setTimeout as wait } from 'node:timers/promises'
import { Asker } from '../asker.ts'
import { Cluster, headless, namespaces, pods, sliceOf } from '../cluster.ts'
import { count, decimals, type Row } from '../report.ts'
import type { StartedServer } from '../stand.ts'
import { quantile } from '../statistics.ts'
import { verify } from '../verify.ts'
import type { Scenario } from './scenario.ts'

const SERVICES = 250
const ENDPOINTS = 4
const RATE = 10_000
/** Endpoints that are replaced a second: each turns not ready when the one in its place is ready. */
const PACE = 100
/** Milliseconds of queries before the first change, which do not count. */
const WARM = 2000
/** Milliseconds in which the last answers with what is gone may still come. */
const SETTLE = 2000

const NAMESPACE = 'rolling'
const nameOf = (i: number) => `r${i}.${NAMESPACE}.svc.cluster.local`
const addressOf = (service: number, endpoint: number, generation: number) =>
  `10.${210 + (generation % 40)}.${service}.${endpoint + 1}`

const columns = [
  { key: 'replaced', title: 'replaced', format: count },
  { key: 'p50', title: 'gone p50 ms', format: decimals(1) },
  { key: 'p99', title: 'gone p99 ms', format: decimals(1), ratio: true },
  { key: 'max', title: 'gone max ms', format: decimals(1) },
  { key: 'empty', title: 'empty', format: count },
  { key: 'asked', title: 'queries', format: count },
  { key: 'lost', title: 'lost', format: count },
] as const

/** How long an address is still answered after the API server was told that it is not ready. */
export const clusterRestart: Scenario = {
  name: 'cluster-restart',
  title: `rolling restart of ${count(SERVICES * ENDPOINTS)} endpoints under ${count(RATE)} queries/s`,
  async run({ stand, say, has }) {
    const cluster = await Cluster.start(stand)
    await cluster.putAll(namespaces(NAMESPACE))
    const rows: Row[] = []
    for (const [generation, peer] of pods(cluster, has).entries()) {
      say(`cluster-restart: ${peer.name}`)
      const server = await stand.start(peer, {})
      rows.push({ server: peer.name, values: await measure(server, cluster, generation) })
      await server.process.stop('SIGINT')
    }
    const notes = [`an address is gone from the moment that its slice is written to the API server, ${PACE} of them a second`]
    return { scenario: this.name, title: this.title, columns, rows, notes }
  },
}

async function measure(server: StartedServer, cluster: Cluster, generation: number): Promise<Row['values']> {
  const ready = Array.from({ length: SERVICES }, (_, i) =>
    Array.from({ length: ENDPOINTS }, (_, k) => addressOf(i, k, 2 * generation)),
  )
  await cluster.putAll(ready.flatMap((addresses, i) => headless(`r${i}`, NAMESPACE, addresses)))
  await verify(
    server,
    ready.map((addresses, i) => ({ name: nameOf(i), rcode: 'NOERROR', addresses })),
  )
  /** When addresses turned not ready, and when they were answered last. */
  const gone = new Map<string, { since: number; seen: number }>()
  let empty = 0
  const names = ready.map((_, i) => nameOf(i))
  using asker = new Asker(server.port, names, RATE, (_, told) => {
    const [rcode, ...addresses] = told.split(' ')
    if (rcode !== 'NOERROR' || addresses.length === 0) empty++
    for (const address of addresses) {
      const left = gone.get(address)
      if (left) left.seen = performance.now()
    }
  })
  await wait(WARM)
  const begun = performance.now()
  for (let step = 0; step < SERVICES * ENDPOINTS; step++) {
    const [service, endpoint] = [step % SERVICES, Math.floor(step / SERVICES)]
    const addresses = ready[service]!
    const old = addresses[endpoint]!
    addresses[endpoint] = addressOf(service, endpoint, 2 * generation + 1)
    const now = performance.now()
    gone.set(old, { since: now, seen: now })
    await cluster.replace(sliceOf(`r${service}`, NAMESPACE, addresses, [old]))
    await wait(Math.max(0, begun + (1000 * step) / PACE - performance.now()))
  }
  await wait(SETTLE)
  await asker.stop()
  const { asked, answered } = asker.counts
  const delays = Array.from(gone.values(), ({ since, seen }) => seen - since)
  return {
    replaced: gone.size,
    p50: quantile(delays, 0.5),
    p99: quantile(delays, 0.99),
    max: quantile(delays, 1),
    empty,
    asked,
    lost: asked - answered,
  }
}
