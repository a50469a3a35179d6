import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '#test/support/ports.ts'
import { firstAnswer } from '../first-answer.ts'
import { coredns } from '../peers/coredns.ts'
import { istioCoredns } from '../peers/istio-coredns.ts'
import type { Peer, Place, Role } from '../peers/peer.ts'
import type { Registry } from '../registry.ts'
import { count, decimals } from '../report.ts'
import { median, quantile } from '../statistics.ts'
import type { Bench, Scenario } from './scenario.ts'

const STARTS = 10
/** Milliseconds; a start that takes longer is an error. */
const PATIENCE = 20_000

const name = 'backend.default.svc.cluster.local'
/** CoreDNS is given the name in a hosts file. */
const registry: Registry = { zone: 'cluster.local', ttl: 5, entries: [{ name, addresses: ['10.0.0.1', '10.0.0.2'] }] }

const root = fileURLToPath(new URL('../../', import.meta.url))

const columns = [
  { key: 'median', title: 'median ms', format: count, ratio: true },
  { key: 'min', title: 'min ms', format: count },
  { key: 'max', title: 'max ms', format: count },
  { key: 'first', title: 'very first ms', format: count },
  { key: 'cpu', title: 'CPU ms', format: count, ratio: true },
  { key: 'resident', title: 'RSS MB', format: decimals(0), ratio: true },
] as const

interface Start {
  milliseconds: number
  cpu: number
  resident: number
}

/** From the start of the process to the first answer with addresses. */
export const start: Scenario = {
  name: 'start',
  title: `${STARTS} starts of Corefile.example, each until the first answer`,
  async run(bench) {
    const { stand, say } = bench
    const example = exampleServer(join(stand.folder, 'compile-cache'), await freePort(), await freePort())
    const all = [
      { peer: example, role: {} },
      { peer: coredns, role: { memory: { registry, from: 'hosts' } } as Role },
    ].flatMap(contender => (bench.has(contender.peer) ? { ...contender, starts: [] as Start[] } : []))
    for (let i = 0; i <= STARTS; i++) {
      say(`start: ${i} of ${STARTS}`)
      for (const { peer, role, starts } of all) starts.push(await measure(bench, peer, role))
    }
    const rows = all.map(({ peer, starts: [first, ...starts] }) => {
      const milliseconds = starts.map(start => start.milliseconds)
      return {
        server: peer.name,
        values: {
          median: median(milliseconds),
          min: quantile(milliseconds, 0),
          max: quantile(milliseconds, 1),
          first: first!.milliseconds,
          cpu: median(starts.map(start => start.cpu)),
          resident: median(starts.map(start => start.resident)),
        },
      }
    })
    const notes = ['the very first start, which is not among the others, finds no compiled code to reuse']
    return { scenario: this.name, title: this.title, columns, rows, notes }
  },
}

/** This server with Corefile.example, but on free ports, and with an upstream that nobody asks. */
function exampleServer(compileCache: string, healthPort: number, readyPort: number): Peer {
  const corefile = readFileSync(join(root, 'Corefile.example'), 'utf8')
  const adapted = ({ port, metricsPort }: Place) =>
    corefile
      .replace('.:1053', `.:${port}`)
      .replace(':8080', `127.0.0.1:${healthPort}`)
      // It would last as long as the bench waits for an end: a process that is killed keeps no compiled code.
      .replace('lameduck 5s', 'lameduck 0s')
      .replace(':8181', `127.0.0.1:${readyPort}`)
      .replace(':9153', `127.0.0.1:${metricsPort}`)
      .replace('localhost:8053', '127.0.0.1:0')
      .replace('/etc/resolv.conf', '127.0.0.1:9')
  return {
    ...istioCoredns,
    launch: (role, place) => ({
      args: istioCoredns.launch(role, place).args,
      files: { Corefile: adapted(place) },
      cwd: root,
      env: { NODE_COMPILE_CACHE: compileCache },
    }),
  }
}

async function measure({ stand }: Bench, peer: Peer, role: Role): Promise<Start> {
  const server = await stand.start(peer, role)
  const { process } = server
  const ended = process.ended.then(() => Promise.reject(new Error(`it has ended\n${process.lastLines}`)))
  const answered = firstAnswer(server.port, name, told => /^NOERROR ./.test(told), PATIENCE)
  const milliseconds = (await Promise.race([answered, ended])) - process.startedAt
  const start = { milliseconds, cpu: process.cpuSeconds() * 1000, resident: process.residentMegabytes() }
  await process.stop()
  return start
}
