/** The scenarios of load: the same questions to several servers by turns. */
import { type Load, runDnsperf, type Transport } from '../dnsperf.ts'
import type { Peer, Role } from '../peers/peer.ts'
import { type Column, count, decimals, percent, type Row } from '../report.ts'
import type { Core, StartedServer } from '../stand.ts'
import { mean, median, quantile, spread } from '../statistics.ts'
import { type Expected, verify } from '../verify.ts'
import type { Bench, Scenario } from './scenario.ts'

/** A server, and how it is set up. */
export interface Contender {
  peer: Peer
  role: Role
  /** Where it runs, where not on its core alone. */
  core?: Core
  /** Where it is asked others than the rest. */
  questions?: readonly string[]
}

interface Throughput {
  name: string
  title: string
  /** Names to ask for their A records, in this order, again and again. */
  questions: readonly string[]
  /** Asked before the load. All replies to the load are expected to have the first one's rcode. */
  expected: readonly Expected[]
  /** UDP by default. */
  transport?: Transport
  /** What is wrong with a server that has answered so many queries, if anything. */
  check?(server: StartedServer, answered: number): string | undefined
  /** This server first. What they need beside themselves is started here. */
  contenders(bench: Bench): Promise<readonly Contender[]>
}

const columns: readonly Column[] = [
  { key: 'queriesPerSecond', title: 'queries/s', format: count, ratio: true },
  { key: 'spread', title: 'spread', format: percent },
  { key: 'cpuMicroseconds', title: 'CPU µs/query', format: decimals(1), ratio: true },
  { key: 'lightMeanMilliseconds', title: 'light mean', format: decimals(3), ratio: true },
  { key: 'lightP99Milliseconds', title: 'p99', format: decimals(3), ratio: true },
  { key: 'heavyMeanMilliseconds', title: 'heavy mean', format: decimals(3), ratio: true },
  { key: 'heavyP99Milliseconds', title: 'p99', format: decimals(3), ratio: true },
  { key: 'residentMegabytes', title: 'RSS MB', format: decimals(0), ratio: true },
  { key: 'lost', title: 'lost', format: count },
  { key: 'wrong', title: 'wrong', format: count },
  { key: 'replyBytes', title: 'reply B', format: count },
]

interface Round extends Load {
  cpuSeconds: number
}

/** A server under load, and every run of it. */
interface Measured {
  server: StartedServer
  /** The file of what it is asked. */
  questions: string
  /** As fast as it can. */
  full: Round[]
  /** At half of what the slowest server can: how fast it answers. */
  light: Round[]
  /** At half of what the fastest server can: how well it bears load. */
  heavy: Round[]
}

/** Seconds of load that do not count: as long as a compiler that works beside the server takes to be done with what is used most. */
export const WARM_UP = 4

export function throughput({ name, title, questions, expected, transport = 'udp', check, contenders }: Throughput): Scenario {
  async function run(bench: Bench) {
    const { stand, seconds, rounds, say } = bench
    const measured: Measured[] = []
    const notes: string[] = []
    for (const { peer, role, core, questions: own = questions } of await contenders(bench)) {
      if (!bench.has(peer)) continue
      const server = await stand.start(peer, role, core)
      try {
        await verify(server, expected, transport)
        const file = stand.write(`questions ${peer.name}`, own.map(question => `${question} A\n`).join(''))
        measured.push({ server, questions: file, full: [], light: [], heavy: [] })
      } catch (error) {
        notes.push(`${peer.name} is left out: ${(error as Error).message}`)
        await server.process.stop()
      }
    }
    if (measured.length === 0) throw new Error(`no server answers rightly\n${notes.join('\n')}`)

    const load = async ({ server: { port, process }, questions }: Measured, seconds: number, rate?: number): Promise<Round> => {
      const before = process.cpuSeconds()
      const result = await runDnsperf(stand, { port, questions, seconds, transport, ...(rate ? { rate } : {}) })
      return { ...result, cpuSeconds: process.cpuSeconds() - before }
    }
    const alternate = async (part: 'full' | 'light' | 'heavy', seconds: number, rate?: number) => {
      for (let round = 0; round < rounds; round++) {
        say(`${name}: ${rate ? `${count(rate)} queries/s` : 'all it can'}, round ${round + 1} of ${rounds}`)
        for (const one of byTurns(measured, round)) one[part].push(await load(one, seconds, rate))
      }
    }

    for (const one of measured) await load(one, WARM_UP)
    await alternate('full', seconds)
    const best = measured.map(({ full }) => median(full.map(load => load.queriesPerSecond)))
    const [light, heavy] = [Math.min(...best) / 2, Math.max(...best) / 2]
    await alternate('light', Math.max(1, seconds / 3), light)
    await alternate('heavy', Math.max(1, seconds / 3), heavy)
    notes.push(
      `latency in ms: light at ${count(light)} queries/s, half of what the slowest serves; heavy at ${count(heavy)}, half of the fastest`,
    )
    for (const { server, full, light, heavy } of measured) {
      const wrong = check?.(server, sum([...full, ...light, ...heavy].map(({ completed }) => completed)))
      if (wrong !== undefined) throw new Error(`${server.peer.name}: ${wrong}`)
    }
    return { scenario: name, title, columns, rows: measured.map(one => row(one, expected[0]!.rcode)), notes }
  }
  return { name, title, run }
}

/** Another one begins in each round. */
function byTurns<T>(all: readonly T[], round: number): T[] {
  const first = round % all.length
  return [...all.slice(first), ...all.slice(0, first)]
}

function row({ server, full, light, heavy }: Measured, rcode: string): Row {
  const rates = full.map(load => load.queriesPerSecond)
  const milliseconds = (loads: readonly Round[], statistic: (latencies: Float64Array) => number) =>
    median(loads.map(load => statistic(load.latencies))) * 1000
  const p99 = (latencies: Float64Array) => quantile(latencies, 0.99)
  const total = (value: (load: Round) => number) => sum([...full, ...light, ...heavy].map(value))
  return {
    server: server.peer.name,
    values: {
      queriesPerSecond: median(rates),
      spread: spread(rates),
      cpuMicroseconds: median(full.map(load => (load.cpuSeconds / load.completed) * 1e6)),
      lightMeanMilliseconds: milliseconds(light, mean),
      lightP99Milliseconds: milliseconds(light, p99),
      heavyMeanMilliseconds: milliseconds(heavy, mean),
      heavyP99Milliseconds: milliseconds(heavy, p99),
      residentMegabytes: server.process.residentMegabytes(),
      lost: total(load => load.lost),
      wrong: total(load => load.completed - (load.rcodes[rcode] ?? 0)),
      replyBytes: median(full.map(load => load.replyBytes)),
    },
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
