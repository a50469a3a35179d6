import type { Registry } from '../registry.ts'

/** What a server is to be: one that answers from memory, one that asks an upstream, or both. */
export interface Role {
  /** Names answered from memory, and the form in which the server is given them. */
  memory?: { registry: Registry; from: 'mesh' | 'hosts' | 'zone' }
  /** All else is asked at this port of 127.0.0.1. */
  upstream?: { port: number; cache: boolean }
  /** How many threads answer, where the server is told. */
  threads?: number
  /** A line of the log for each query. */
  log?: true
}

/** Where a server lives during a run. */
export interface Place {
  /** A folder of its own. */
  folder: string
  /** It listens here on 127.0.0.1, for UDP and TCP. */
  port: number
  /** For servers that show metrics over HTTP. */
  metricsPort: number
  /** The folder for a CPU profile, when one is wanted of this server. */
  profile?: string | undefined
}

/** How to start a server. */
interface Launch {
  args: readonly string[]
  /** To be written first, by path relative to its folder. */
  files: Readonly<Record<string, string>>
  /** Its folder by default. */
  cwd?: string
  env?: Readonly<Record<string, string>>
}

/** A server that the bench knows to configure. */
export interface Peer {
  readonly name: string
  /** Looked for on PATH when it is no path. */
  readonly program: string
  /** Arguments that make it print its version. */
  readonly version: readonly string[]
  launch(role: Role, place: Place): Launch
}
