import { setImmediate as nextTurn } from 'node:timers/promises'
import { RCODE, TYPE } from '../../dns/codes.ts'
import { MasterFile } from '../../dns/master-file/master-file.ts'
import type { MasterRecord } from '../../dns/master-file/record.ts'
import { toKey } from '../../dns/name.ts'
import type { Logger } from '../../log.ts'
import type { Answers } from '../../zones/answers.ts'
import type { DynamicSource, DynamicZone, Outcome } from './dynamic-zone.ts'
import { NextVersion } from './next-version.ts'
import { RemoteDatabase } from './remote-database.ts'
import { addRecord, answersOf, type Records } from './zone-records.ts'
import type { ZoneUpdate } from './zone-update.ts'

/** Updates that wait for their turn. */
const MAX_WAITING = 1000

/** A zone that this thread writes. */
export class WrittenZone implements DynamicZone {
  readonly origin: string
  log: Logger
  records: Records
  answers: Answers
  readonly lack = ''
  readonly listeners: DynamicZone['listeners'] = new Set()
  readonly caughtUp = Promise.resolve()
  readonly #database: RemoteDatabase | undefined
  /** Updates that are applied together, as soon as those before them are. */
  #waiting: { readonly update: ZoneUpdate; readonly resolve: (outcome: Outcome) => void }[] = []
  /** Fulfilled when none waits any more; undefined when none does. */
  #turn: Promise<void> | undefined

  /** @throws {Error} a file or database that cannot be read, or is not accepted */
  static async open(source: DynamicSource, log: Logger): Promise<WrittenZone> {
    const key = toKey(source.origin)
    const database = source.database === undefined ? undefined : new RemoteDatabase(source.database, key)
    try {
      const records = (await database?.read()) ?? (await readFile(source.file, key))
      return new WrittenZone(source.origin, log, records, await answersOf(key, records), database)
    } catch (error) {
      await database?.close()
      throw error
    }
  }

  private constructor(origin: string, log: Logger, records: Records, answers: Answers, database: RemoteDatabase | undefined) {
    this.origin = origin
    this.log = log
    this.records = records
    this.answers = answers
    this.#database = database
  }

  async update(update: ZoneUpdate): Promise<Outcome> {
    if (this.#waiting.length >= MAX_WAITING) return { rcode: RCODE.SERVFAIL, cause: `more than ${MAX_WAITING} updates wait` }
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    this.#waiting.push({ update, resolve })
    this.#turn ??= this.#applyAll()
    return promise
  }

  async close(): Promise<void> {
    await this.#turn
    await this.#database?.close()
  }

  async #applyAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0)
      try {
        const outcomes = await this.#apply(batch.map(({ update }) => update))
        for (const [i, { resolve }] of batch.entries()) resolve(outcomes[i]!)
      } catch (error) {
        // Even what changes nothing may have been judged by what has not come to be.
        for (const { resolve } of batch) resolve({ rcode: RCODE.SERVFAIL, cause: (error as Error).message })
      }
    }
    this.#turn = undefined
  }

  /** The answers are made once for all updates, and the database is written once: both may take long. */
  async #apply(updates: readonly ZoneUpdate[]): Promise<Outcome[]> {
    const { key } = this.answers.zone
    const next = new NextVersion(key, this.records)
    const outcomes: Outcome[] = []
    for (const update of updates) {
      outcomes.push(next.apply(update))
      await nextTurn()
    }
    if (next.changes.size === 0) return outcomes
    const answers = await answersOf(key, next.records)
    await this.#database?.write(next.changes, next.records)
    this.records = next.records
    this.answers = answers
    await Promise.all(Array.from(this.listeners, listener => listener(next.changes)))
    return outcomes
  }
}

async function readFile(path: string, key: string): Promise<Records> {
  const records = new Map<string, MasterRecord[]>()
  await new MasterFile(path).read(key, record => {
    addRecord(records, key, record)
    return true
  })
  if (!records.get(key)?.some(({ type }) => type === TYPE.SOA)) throw new Error(`${path}: no SOA record`)
  return records
}
