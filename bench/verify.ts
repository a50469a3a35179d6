/** Whether a server answers rightly, asked before it is measured. */
import { setTimeout as wait } from 'node:timers/promises'
import { askTcp, askUdp } from '#test/support/client.ts'
import { type Answer, queryMessage, readAnswer } from '#test/support/message.ts'
import type { Transport } from './dnsperf.ts'
import type { Registry } from './registry.ts'
import type { StartedServer } from './stand.ts'

export interface Expected {
  name: string
  rcode: 'NOERROR' | 'NXDOMAIN'
  /** Of the A records of the answer, in any order. */
  addresses: readonly string[]
}

/** Some of a registry's names, from its whole length. */
export function sample({ entries }: Registry, count = 20): Expected[] {
  return Array.from({ length: count }, (_, i) => entries[Math.floor((i * (entries.length - 1)) / count)]!).map(
    ({ name, addresses }) => ({ name, rcode: 'NOERROR', addresses }),
  )
}

/** How long a server may take to start, in milliseconds. */
const PATIENCE = 20_000

/**
 * Asks until the first expectation is met, for the server may be starting; all others must then be met at once.
 * @throws saying what came instead
 */
export async function verify(
  { port, process }: StartedServer,
  expected: readonly Expected[],
  transport: Transport = 'udp',
): Promise<void> {
  const end = performance.now() + PATIENCE
  const [first, ...others] = expected
  for (;;) {
    const wrong = await difference(port, first!, transport)
    if (wrong === undefined) break
    if (!process.running) throw new Error(`it has ended\n${process.lastLines}`)
    if (performance.now() > end) throw new Error(wrong)
    await wait(2)
  }
  for (const one of others) {
    const wrong = await difference(port, one, transport)
    if (wrong !== undefined) throw new Error(wrong)
  }
}

const ask = { udp: askUdp, tcp: askTcp }

/** What is wrong with the answer; undefined when nothing is. */
async function difference(port: number, { name, rcode, addresses }: Expected, transport: Transport): Promise<string | undefined> {
  const wanted = `${rcode} ${[...addresses].sort().join(' ')}`.trim()
  let got: string
  try {
    got = outcome(readAnswer(await ask[transport](queryMessage(name, 'A'), { port, timeout: 500 })))
  } catch (error) {
    got = (error as Error).message
  }
  return got === wanted ? undefined : `${name} A: expected ${wanted}, got ${got}`
}

/** `NOERROR 10.0.0.1 10.0.0.2` */
export function outcome({ rcode, answer }: Answer): string {
  const addresses = answer.flatMap(line => / IN A (\S+)$/.exec(line)?.[1] ?? [])
  return `${rcode} ${addresses.sort().join(' ')}`.trim()
}
