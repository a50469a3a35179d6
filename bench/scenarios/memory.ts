import { runDnsperf } from '../dnsperf.ts'
import { coredns } from '../peers/coredns.ts'
import { istioCoredns } from '../peers/istio-coredns.ts'
import type { Role } from '../peers/peer.ts'
import { mesh, outside } from '../registry.ts'
import { count, decimals, percent, type Row } from '../report.ts'
import type { StartedServer } from '../stand.ts'
import { sample, verify } from '../verify.ts'
import type { Bench, Scenario } from './scenario.ts'
import { startUpstream } from './upstream.ts'

const MILLION = 1_000_000
/** A server that needs longer for a million queries is not measured. */
const SECONDS = 120

const megabytes = decimals(1)
const columns = [
  { key: 'start', title: 'at start MB', format: megabytes },
  { key: 'first', title: '1 million MB', format: megabytes, ratio: true },
  { key: 'second', title: '2 million MB', format: megabytes, ratio: true },
  { key: 'growth', title: 'growth', format: percent },
  { key: 'lost', title: 'lost', format: count },
] as const

/** Resident memory after a million queries, half of the names from memory and half from the cache, and after one more. */
export const memory: Scenario = {
  name: 'memory',
  title: 'resident memory after a million queries, and after another',
  async run(bench) {
    const names = mesh.entries.flatMap(({ name }, i) => [name, outside.entries[i]!.name])
    const questions = bench.stand.write('questions', names.map(name => `${name} A\n`).join(''))
    const upstream = { port: await startUpstream(bench), cache: true }
    const contenders: { peer: typeof coredns; role: Role }[] = [
      { peer: istioCoredns, role: { memory: { registry: mesh, from: 'mesh' }, upstream } },
      { peer: coredns, role: { memory: { registry: mesh, from: 'hosts' }, upstream } },
    ]
    const rows: Row[] = []
    const notes: string[] = []
    for (const { peer, role } of contenders.filter(({ peer }) => bench.has(peer))) {
      bench.say(`memory: ${peer.name}`)
      const server = await bench.stand.start(peer, role)
      try {
        await verify(server, [...sample(mesh), ...sample(outside)])
        rows.push({ server: peer.name, values: await measure(bench, server, questions, MILLION / names.length) })
      } catch (error) {
        notes.push(`${peer.name} is left out: ${(error as Error).message}`)
      }
      await server.process.stop()
    }
    return { scenario: this.name, title: this.title, columns, rows, notes }
  },
}

async function measure({ stand }: Bench, { process, port, metricsPort }: StartedServer, questions: string, times: number) {
  const million = async () => {
    const { lost, sent } = await runDnsperf(stand, { port, questions, times, seconds: SECONDS })
    if (sent < MILLION) throw new Error(`${count(sent)} queries only in ${SECONDS} s`)
    // Metrics that nobody reads cost less than metrics do.
    await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    return { resident: process.residentMegabytes(), lost }
  }
  const start = process.residentMegabytes()
  const [first, second] = [await million(), await million()]
  const growth = second.resident / first.resident - 1
  return { start, first: first.resident, second: second.resident, growth, lost: first.lost + second.lost }
}
