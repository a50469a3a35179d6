import { Worker } from 'node:worker_threads'
import { type BirpcReturn, createBirpc } from 'birpc'
import type { ZoneDatabase } from './zone-database.ts'
import type { Records } from './zone-records.ts'

/** What the thread is given. */
export interface DatabaseData {
  readonly path: string
  /** Key. */
  readonly zone: string
}

/** What the thread can be called for. */
export type DatabaseCalls = Pick<ZoneDatabase, 'read' | 'write' | 'close'>

/** The database of a zone, in a thread of its own. */
export class RemoteDatabase {
  readonly #worker: Worker
  readonly #calls: BirpcReturn<DatabaseCalls, object>
  #isMade = false
  /** Why nothing can be written any more. */
  #failure: Error | undefined

  constructor(path: string, zone: string) {
    const worker = new Worker(new URL('./database-thread.ts', import.meta.url), {
      name: `database ${path}`,
      workerData: { path, zone } satisfies DatabaseData,
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    })
    this.#worker = worker
    this.#calls = createBirpc<DatabaseCalls, object>(
      {},
      { post: message => worker.postMessage(message), on: take => worker.on('message', take), timeout: -1 },
    )
    worker.on('error', error => {
      this.#failure = new Error(`database ${path}: its thread has failed: ${(error as Error).message}`)
      this.#calls.$close(this.#failure)
    })
  }

  /** See {@link ZoneDatabase.read}. */
  async read(): Promise<Records | undefined> {
    const records = await this.#calls.read()
    this.#isMade = records !== undefined
    return records
  }

  /**
   * Fulfilled when all records of the names that have changed are on the disk. Rejects when nothing has been written.
   * @param all records of the zone after the change, for a database that is to be made
   */
  async write(changes: Records, all: Records): Promise<void> {
    if (this.#failure) throw this.#failure
    await this.#calls.write(this.#isMade ? changes : all)
    this.#isMade = true
  }

  async close(): Promise<void> {
    await this.#calls.close().catch(() => {})
    await this.#worker.terminate()
  }
}
