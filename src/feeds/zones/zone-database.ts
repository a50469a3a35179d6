import { accessSync, closeSync, constants, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CLASS, TYPE } from '../../dns/codes.ts'
import { isRdata } from '../../dns/master-file/rdata.ts'
import type { MasterRecord } from '../../dns/master-file/record.ts'
import { toKey, toText } from '../../dns/name.ts'
import { addRecord, type Records } from './zone-records.ts'

/** Tells a database of ours from any other (`PRAGMA application_id`), and its tables from later ones. */
const APPLICATION = 0x64796e75
const VERSION = 1

const TABLES = `
  CREATE TABLE zone (origin TEXT NOT NULL);
  CREATE TABLE record (owner TEXT NOT NULL, type INTEGER NOT NULL, ttl INTEGER NOT NULL, data BLOB NOT NULL);
  CREATE INDEX record_owner ON record (owner);
  PRAGMA application_id = ${APPLICATION};
  PRAGMA user_version = ${VERSION};
`

/** The records of one zone in an SQLite database, which nobody else may open meanwhile. It is made when something is written for the first time. */
export class ZoneDatabase {
  readonly #path: string
  /** Key. */
  readonly #zone: string
  #open: { readonly database: DatabaseSync; readonly inode: bigint } | undefined

  constructor(path: string, zone: string) {
    this.#path = path
    this.#zone = zone
  }

  /** The records; undefined where there is no database yet. @throws {Error} one that is not of this zone, or not whole, or cannot be opened or made */
  read(): Records | undefined {
    return this.#explain(() => {
      if (!statSync(this.#path, { throwIfNoEntry: false })?.size) {
        accessSync(dirname(this.#path), constants.W_OK)
        return undefined
      }
      const database = this.#openFile()
      try {
        return this.#recordsOf(database)
      } catch (error) {
        this.close()
        throw error
      }
    })
  }

  /**
   * Writes all records of some names in place of those before, or of all names where there is no database yet. When it returns, they are on the disk.
   * @throws {Error} nothing has been written
   */
  write(records: Records): void {
    this.#explain(() => {
      if (this.#open) return this.#commit(this.#open.database, records)
      closeSync(openSync(this.#path, 'a', 0o600))
      const database = this.#openFile()
      try {
        if (!isEmpty(database)) throw new Error('another process has created it')
        this.#commit(database, records, () => {
          database.exec(TABLES)
          database.prepare('INSERT INTO zone VALUES (?)').run(toText(this.#zone))
        })
      } catch (error) {
        this.close()
        throw error
      }
    })
  }

  close(): void {
    this.#open?.database.close()
    this.#open = undefined
  }

  #openFile(): DatabaseSync {
    const database = new DatabaseSync(this.#path)
    this.#open = { database, inode: statSync(this.#path, { bigint: true }).ino }
    try {
      // Locked from here on.
      database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = EXTRA; BEGIN EXCLUSIVE; COMMIT')
    } catch (error) {
      this.close()
      throw error
    }
    return database
  }

  #recordsOf(database: DatabaseSync): Records | undefined {
    // What was to become one when the process ended.
    if (isEmpty(database)) {
      this.close()
      return undefined
    }
    if (numberOf(database, 'application_id') !== APPLICATION) throw new Error('it is not a database of dynupdate')
    const version = numberOf(database, 'user_version')
    if (version !== VERSION) throw new Error(`it has version ${version}, not ${VERSION}`)
    const [check] = Object.values(database.prepare('PRAGMA quick_check(1)').get()!)
    if (check !== 'ok') throw new Error(`it is damaged: ${check}`)
    const origin = database.prepare('SELECT origin FROM zone').get()?.origin
    if (origin !== toText(this.#zone)) throw new Error(`it is of zone ${origin}`)
    const records = new Map<string, MasterRecord[]>()
    for (const { owner, type, ttl, data } of database.prepare('SELECT owner, type, ttl, data FROM record').iterate()) {
      const octets = Buffer.from(data as Uint8Array).toString('latin1')
      const record = { owner: toKey(String(owner)), type: Number(type), class: CLASS.IN, ttl: Number(ttl), data: octets }
      if (!isRdata(record.type, octets)) throw new Error(`it is damaged: a record of ${owner}`)
      addRecord(records, this.#zone, record)
    }
    if (!records.get(this.#zone)?.some(({ type }) => type === TYPE.SOA)) throw new Error('it is damaged: no SOA record')
    return records
  }

  #commit(database: DatabaseSync, changes: Records, before = () => {}): void {
    // Nobody would ever read what is written to a file that is gone.
    if (statSync(this.#path, { bigint: true }).ino !== this.#open!.inode) throw new Error('another process has replaced it')
    database.exec('BEGIN')
    try {
      before()
      const clear = database.prepare('DELETE FROM record WHERE owner = ?')
      const insert = database.prepare('INSERT INTO record VALUES (?, ?, ?, ?)')
      for (const [key, records] of changes) {
        const owner = toText(key)
        clear.run(owner)
        for (const { type, ttl, data } of records) insert.run(owner, type, ttl, Buffer.from(data, 'latin1'))
      }
      database.exec('COMMIT')
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }

  #explain<A>(work: () => A): A {
    try {
      return work()
    } catch (error) {
      throw new Error(`database ${this.#path}: ${(error as Error).message}`, { cause: error })
    }
  }
}

const isEmpty = (database: DatabaseSync): boolean => database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined

const numberOf = (database: DatabaseSync, pragma: string): number =>
  Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get()!)[0])
