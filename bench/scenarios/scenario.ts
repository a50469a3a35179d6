import type { Peer } from '../peers/peer.ts'
import type { Table } from '../report.ts'
import type { Stand } from '../stand.ts'

/** What a scenario is given. */
export interface Bench {
  /** Of its own; whoever gave it clears it away. */
  stand: Stand
  /** Length of one measurement. */
  seconds: number
  /** How often each server is measured. */
  rounds: number
  /** Whether the server is installed. */
  has(peer: Peer): boolean
  /** Tells the waiting user what goes on. */
  say(line: string): void
}

export interface Scenario {
  /** As the command line names it. */
  readonly name: string
  readonly title: string
  /** @throws when this server cannot be measured, or nothing can be measured at all */
  run(bench: Bench): Promise<Table>
}
