/** dnsperf, the source of the load, and what it prints. */
import { readFileSync } from 'node:fs'
import type { Stand } from './stand.ts'

/** Clients and queries in flight of every run. */
const CLIENTS = ['-c', '8', '-q', '200', '-t', '2']

/** How much longer than planned a run may last, in milliseconds: the time-out of its last queries, and a slow machine. */
const GRACE = 15_000

interface LoadOptions {
  port: number
  /** The file of questions; dnsperf begins again at its end. */
  questions: string
  /** The run ends after so many seconds, */
  seconds: number
  /** or after so many times through the file, if that comes first. */
  times?: number
  /** Queries a second at most. Where it is given, the latency of each query is told. */
  rate?: number
  /** UDP by default. */
  transport?: Transport
}

export type Transport = 'udp' | 'tcp'

/** What a run came to. */
export interface Load {
  sent: number
  completed: number
  /** Unanswered after two seconds. */
  lost: number
  seconds: number
  queriesPerSecond: number
  /** Replies by rcode. */
  rcodes: Readonly<Record<string, number>>
  /** Mean size of a reply. */
  replyBytes: number
  /** Seconds from query to reply, of each answered query; empty for runs without a rate. */
  latencies: Float64Array
}

/** @throws when dnsperf fails or does not end in time */
export async function runDnsperf(
  stand: Stand,
  { port, questions, seconds, times, rate, transport = 'udp' }: LoadOptions,
): Promise<Load> {
  const options = [
    ...['-s', '127.0.0.1', '-p', String(port), '-d', questions, '-l', String(seconds), '-m', transport, ...CLIENTS],
    ...(times ? ['-n', String(times)] : []),
    ...(rate ? ['-Q', String(Math.round(rate)), '-v'] : []),
  ]
  const dnsperf = stand.spawn(stand.tool('dnsperf'), options, { core: 'load' })
  const late = setTimeout(() => dnsperf.kill(), seconds * 1000 + GRACE)
  await dnsperf.ended
  clearTimeout(late)
  return parseDnsperf(readFileSync(dnsperf.log, 'latin1'))
}

/** Reads what dnsperf 2.10 and later print: the closing statistics, and with `-v` a line for each reply before them. @throws when there are no statistics */
export function parseDnsperf(output: string): Load {
  // With TCP, those of the connections follow, under `Connection Statistics:`.
  const statistics = `\n${output}`.lastIndexOf('\nStatistics:')
  if (statistics < 0) throw new Error(`dnsperf did not finish:\n${output.slice(-500).trimEnd()}`)
  const summary = output.slice(statistics)
  const number = (pattern: RegExp) => {
    const text = pattern.exec(summary)?.[1]
    if (text === undefined) throw new Error(`dnsperf printed no ${pattern.source}:\n${summary.trimEnd()}`)
    return Number(text)
  }
  const rcodes = /Response codes: +(.*)/.exec(summary)?.[1] ?? ''
  return {
    sent: number(/Queries sent: +(\d+)/),
    completed: number(/Queries completed: +(\d+)/),
    lost: number(/Queries lost: +(\d+)/),
    seconds: number(/Run time \(s\): +([\d.]+)/),
    queriesPerSecond: number(/Queries per second: +([\d.]+)/),
    rcodes: Object.fromEntries([...rcodes.matchAll(/(\w+) (\d+) \(/g)].map(([, rcode, count]) => [rcode, Number(count)])),
    replyBytes: number(/Average packet size: +request \d+, response (\d+)/),
    // > NOERROR www.example.org A 0.000122
    latencies: Float64Array.from(output.slice(0, statistics).matchAll(/^> .* ([\d.]+)$/gm), ([, seconds]) => Number(seconds)),
  }
}
