import type { MeshRecord } from '../registry/record.ts'

/** The new record under an id, which stands for one host or client at a time; undefined if it was removed. */
export type Change = readonly [id: string, record: MeshRecord | undefined]

/** What a feed's thread posts. */
export interface Report {
  changes?: readonly Change[]
  /** Everything that existed when the feed began has been reported. */
  complete?: true
  /** What the feed waits for, before it is complete. */
  waiting?: string
  /** What was reported is, at this very moment, all that the source has. */
  current?: true
  /** How many objects of each kind are held. */
  objects?: readonly (readonly [kind: string, count: number])[]
  /** How many more documents or objects were not accepted. */
  rejected?: number
  log?: readonly (readonly [level: 'debug' | 'info' | 'warn' | 'error', text: string])[]
  /** Whether there is a stream, where the source is one. */
  connected?: boolean
  traffic?: readonly Traffic[]
}

/** What a stream has brought of one type of resource since the feed began. */
export interface Traffic {
  readonly type: string
  /** Responses, and how many of them were not accepted, or only in part. */
  readonly pushes: number
  readonly nacks: number
  readonly octets: number
  /** When the last one came, by `performance.now()`, which counts from the same moment in all threads. */
  readonly time: number
}
