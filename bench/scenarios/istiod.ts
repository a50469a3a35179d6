import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setPriority } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { addressOf, hostOf } from '#test/support/istiod/synthetic.ts'
import { clock } from '../clock.ts'
import { firstAnswer } from '../first-answer.ts'
import type { Edit, Written } from '../istiod.ts'
import { istioCoredns } from '../peers/istio-coredns.ts'
import type { Peer } from '../peers/peer.ts'
import { count, decimals, type Row } from '../report.ts'
import { quantile } from '../statistics.ts'
import { Watcher } from '../watcher.ts'
import type { Bench, Scenario } from './scenario.ts'

const SERVICES = 10_000
const ENDPOINTS = 10
const EDITS = 1000
/** An edit that is not seen after so many milliseconds is late. */
const LATE = 5000
/** Milliseconds for everything to be told at first. */
const PATIENCE = 60_000
/** Milliseconds from the last edit until memory counts. */
const REST = 3000

const PROGRAM = fileURLToPath(new URL('../istiod.ts', import.meta.url))
const EDITED = 0

const milliseconds = decimals(1)
const columns = [
  { key: 'octets', title: 'first MB', format: milliseconds },
  { key: 'applied', title: 'applied ms', format: count },
  { key: 'lag', title: 'lag p99 ms', format: milliseconds },
  { key: 'p50', title: 'change p50 ms', format: milliseconds },
  { key: 'p99', title: 'p99 ms', format: milliseconds },
  { key: 'max', title: 'max ms', format: milliseconds },
  { key: 'late', title: 'late', format: count },
  { key: 'wrong', title: 'wrong', format: count },
  { key: 'resident', title: 'RSS MB', format: decimals(0) },
  { key: 'peak', title: 'peak MB', format: decimals(0) },
] as const

/** How soon a large mesh, and every change in it, is answered as istiod tells it. */
export const istiod: Scenario = {
  name: 'istiod',
  title: `${count(SERVICES)} services with ${ENDPOINTS} endpoints each from an istiod, then ${EDITS} changes`,
  async run(bench) {
    const rows: Row[] = []
    for (const mode of ['wds', 'eds']) {
      bench.say(`istiod: ${mode}`)
      const child = fork(PROGRAM, [mode, String(SERVICES), String(ENDPOINTS)])
      try {
        rows.push({ server: mode.toUpperCase(), values: await measure(bench, child) })
      } finally {
        child.kill('SIGKILL')
      }
    }
    return { scenario: this.name, title: this.title, columns, rows, notes: [] }
  },
}

async function measure({ stand }: Bench, child: ChildProcess): Promise<Row['values']> {
  const [{ port: istiodPort }] = (await once(child, 'message')) as [{ port: number }]
  const written: Written[] = []
  child.on('message', (told: Written) => written.push(told))
  const server = await stand.start(meshOf(istiodPort), {})
  // It has much to write, and shares a core with the measuring process.
  setPriority(child.pid!, 19)
  await lag(server.metricsPort)
  const applied = await untilApplied(server.port)
  const lagged = await lag(server.metricsPort)
  setPriority(child.pid!, 0)
  // All of the first state; what comes later are changes.
  const first = written.splice(0)
  const changes = await edit(child, server.port, written)
  await wait(REST)
  const figures = {
    octets: first.reduce((sum, { octets }) => sum + octets, 0) / 1e6,
    applied: applied - Math.max(...first.map(({ ended }) => ended)),
    lag: lagged,
    ...changes,
    resident: server.process.residentMegabytes(),
    peak: server.process.peakMegabytes(),
  }
  await server.process.stop('SIGINT')
  return figures
}

const meshOf = (istiodPort: number): Peer => ({
  ...istioCoredns,
  launch: (role, place) => ({
    args: istioCoredns.launch(role, place).args,
    files: {
      Corefile: `.:${place.port} {\n    bind 127.0.0.1\n    errors\n    prometheus 127.0.0.1:${place.metricsPort}\n    mesh {\n        source istiod 127.0.0.1:${istiodPort}\n        startup_timeout 0s\n    }\n}\n`,
    },
  }),
})

/** How late the event loop of the server was since this was asked last, 99th percentile in milliseconds. It is asked until it is there. */
async function lag(metricsPort: number): Promise<number> {
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`).catch(() => undefined)
    const seconds = response && /^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(await response.text())?.[1]
    if (seconds !== undefined) return Number(seconds) * 1000
    await wait(5)
  }
}

/** When the last service was answered first, by {@link clock}. */
async function untilApplied(port: number): Promise<number> {
  const right = outcomeOf(SERVICES - 1, 0)
  const answered = await firstAnswer(port, hostOf(SERVICES - 1), told => told === right, PATIENCE)
  return clock() - (performance.now() - answered)
}

/**
 * How long each change takes, from when the istiod begins to write it to the first reply that tells it. When it was told to is left out: its
 * process, which shares a core with the one that asks, may be late for reasons of its own.
 * @param written gets what was written
 */
async function edit(child: ChildProcess, port: number, written: readonly Written[]) {
  const delays: number[] = []
  let late = 0
  using watcher = new Watcher(port, hostOf(EDITED), outcomeOf(EDITED, 0))
  for (let i = 1; i <= EDITS && late < 3; i++) {
    const told: Edit = { service: EDITED, edition: i % 4 }
    const start = clock()
    const delay = await watcher.expect(outcomeOf(EDITED, i % 4), LATE, () => child.send(told))
    while (written.length < i) await once(child, 'message')
    if (delay === undefined) late++
    delays.push(delay === undefined ? LATE : start + delay - written[i - 1]!.begun)
    // In no step with whatever timer there is behind the answers.
    await wait(Math.random() * 10)
  }
  const { empty, wrong, lost } = watcher.counts
  return {
    p50: quantile(delays, 0.5),
    p99: quantile(delays, 0.99),
    max: quantile(delays, 1),
    late,
    wrong: empty + wrong + lost,
  }
}

const outcomeOf = (service: number, edition: number): string =>
  ['NOERROR', ...Array.from({ length: ENDPOINTS }, (_, i) => addressOf(service, i, i === 0 ? edition : 0)).sort()].join(' ')
