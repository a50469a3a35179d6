import type { Logger } from '../log.ts'
import type { MeshRecord } from '../registry/record.ts'
import type { Traffic } from './report.ts'

/** What a feed reads. */
export interface Source {
  /** Two sources with the same key are one. */
  readonly key: string
  /** As logs and metrics name it: `file examples/mesh`. */
  readonly name: string
  /** Whether it is the cluster that this process runs in. */
  readonly own?: boolean
  /** The name of the cluster whose endpoints it marks as `own`; undefined where it marks none. */
  readonly apart?: string | undefined
  /** Begins to read. That the source cannot be reached is no failure: it is waited for. */
  open(log: Logger): Promise<Feed>
}

export type Subscriber = (id: string, record: MeshRecord | undefined, previous: MeshRecord | undefined) => void

/** The hosts of one source, and their clients where it matters who asks. What is known stays known while the source is lost. */
export interface Feed {
  readonly source: Source
  /** Where it logs from now on. */
  log: Logger
  /** Whether everything that the source held at first has been told. */
  readonly complete: boolean
  /** Fulfilled when it is. */
  readonly completed: Promise<void>
  /** What it waits for before it is complete; `''` for nothing that is known. */
  readonly waiting: string
  /** When the source was last known to say what is held, by the monotonic clock in milliseconds. */
  readonly current: number | undefined
  readonly records: ReadonlyMap<string, MeshRecord>
  /** How many objects of each kind are held. */
  readonly objects: ReadonlyMap<string, number>
  /** How many documents or objects were not accepted, or only in part. */
  readonly rejected: number
  /** Whether there is a stream, where the source is one. */
  readonly connected?: boolean | undefined
  /** What the stream has brought, by type. */
  readonly traffic?: readonly Traffic[]
  /** Called with the delay of each change of endpoints, in seconds since its cause, where the source says when that was. */
  onDelay: (seconds: number) => void
  /** Some host, be it of another source, is not the same for all clients: from now on, they are told, too. */
  tellClients(): void
  /** Tells `subscriber` all records, then every change, until {@link unsubscribe}. A record may be told twice. */
  subscribe(subscriber: Subscriber): Promise<void>
  unsubscribe(subscriber: Subscriber): void
  close(): Promise<void>
}
