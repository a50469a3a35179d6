import type { Corefile } from '../corefile/tree.ts'
import type { Unready } from '../plugin.ts'
import type { Snapshot } from '../snapshot.ts'

/** Ports by the labels that their places have in the Corefile, where the port may be 0. */
export type Ports = ReadonlyMap<string, number>

/**
 * What the process asks of a thread that answers queries. A Corefile is started, opened and then committed, or aborted; each step waits
 * until all threads are through with the one before, so that what fails in one of them changes nothing in any.
 */
export interface Thread {
  /** Sets a Corefile up and starts it. @param threads how many answer queries from now on */
  start(corefile: Corefile, threads: number): Promise<void>
  /** Opens its places that are not open yet. @param ports of those that another thread has opened @returns those of all places */
  open(ports: Ports): Promise<Ports>
  /** Puts it in the place of the one that runs, and stops that. */
  commit(): Promise<void>
  /** Lets go of what was started or opened and not committed. */
  abort(): Promise<void>
  /** Answers on until no plugin asks for more time. */
  drain(): Promise<void>
  /** Answers what has arrived, then lets go of everything. */
  stop(): Promise<void>
  /** What is not ready in the server blocks that use the plugin `word`. */
  unready(word: string): Promise<Unready[]>
  /** What it adds to the metrics of the process. */
  collect(): Promise<Snapshot[]>
}
