import { RCODE, TYPE } from '../../dns/codes.ts'
import { MasterFile } from '../../dns/master-file/master-file.ts'
import type { MasterRecord } from '../../dns/master-file/record.ts'
import { toKey } from '../../dns/name.ts'
import type { Logger } from '../../log.ts'
import type { Answers } from '../../zones/answers.ts'
import type { DynamicSource, DynamicZone, Outcome } from './dynamic-zone.ts'
import { ZoneDatabase } from './zone-database.ts'
import { addRecord, answersOf, changed, excessOf, type Records } from './zone-records.ts'
import { evaluate, type ZoneUpdate } from './zone-update.ts'

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
  readonly #database: ZoneDatabase | undefined
  /** One update after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** @throws {Error} a file or database that cannot be read, or is not accepted */
  static async open(source: DynamicSource, log: Logger): Promise<WrittenZone> {
    const key = toKey(source.origin)
    const database = source.database === undefined ? undefined : new ZoneDatabase(source.database, key)
    try {
      const records = database?.read() ?? (await readFile(source.file, key))
      return new WrittenZone(source.origin, log, records, await answersOf(key, records), database)
    } catch (error) {
      database?.close()
      throw error
    }
  }

  private constructor(origin: string, log: Logger, records: Records, answers: Answers, database: ZoneDatabase | undefined) {
    this.origin = origin
    this.log = log
    this.records = records
    this.answers = answers
    this.#database = database
  }

  async update(update: ZoneUpdate): Promise<Outcome> {
    if (this.#waiting >= MAX_WAITING) return { rcode: RCODE.SERVFAIL, cause: `more than ${MAX_WAITING} updates wait` }
    this.#waiting++
    const done = this.#turn
      .then(() => this.#apply(update))
      .catch((error): Outcome => ({ rcode: RCODE.SERVFAIL, cause: error.message }))
    this.#turn = done
    const outcome = await done
    this.#waiting--
    return outcome
  }

  async close(): Promise<void> {
    await this.#turn
    this.#database?.close()
  }

  async #apply(update: ZoneUpdate): Promise<Outcome> {
    const { key } = this.answers.zone
    const changes = evaluate(key, this.records, update)
    if (typeof changes === 'number') return { rcode: changes }
    const next = changed(this.records, changes)
    const excess = excessOf(next, update.limits)
    if (excess) return { rcode: RCODE.REFUSED, cause: excess }
    let answers: Answers
    try {
      answers = await answersOf(key, next)
    } catch (error) {
      if (error instanceof RangeError) return { rcode: RCODE.REFUSED, cause: error.message }
      throw error
    }
    this.#database?.write(changes, this.records)
    this.records = next
    this.answers = answers
    await Promise.all(Array.from(this.listeners, listener => listener(changes)))
    return { rcode: RCODE.NOERROR, serial: answers.zone.serial }
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
