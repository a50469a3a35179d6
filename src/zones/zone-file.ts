import { TYPE } from '../dns/codes.ts'
import { MasterFile, type Place } from '../dns/master-file/master-file.ts'
import { toKey } from '../dns/name.ts'
import type { Logger } from '../plugin.ts'
import { Answers } from './answers.ts'
import type { ServedZone } from './served-zones.ts'
import { serialOf, Zone } from './zone.ts'

/** A zone, and the file that it is read from again and again. */
export class ZoneFile implements ServedZone {
  /** As text. */
  readonly origin: string
  /** Undefined until there is a file. */
  answers: Answers | undefined = undefined
  readonly lack = 'not read yet'
  readonly #file: MasterFile
  readonly #byTime: boolean
  readonly #log: Logger | undefined

  /** @param byTime whether a file that was written again counts as changed though the serial is the same */
  constructor(origin: string, path: string, byTime: boolean, log: Logger | undefined) {
    this.origin = origin
    this.#file = new MasterFile(path)
    this.#byTime = byTime
    this.#log = log
  }

  get path(): string {
    return this.#file.path
  }

  /**
   * Reads the file, where it has changed; without a new serial not to its end. What was read before is kept until all of it is read.
   * @returns whether there is a new zone
   * @throws {MasterFileError} a record or directive that is not accepted
   * @throws a system error
   */
  async read(): Promise<boolean> {
    if (!(await this.#file.isChanged())) return false
    const before = this.#byTime ? undefined : this.answers?.zone.serial
    const zone = new Zone(toKey(this.origin))
    let outside: Place | undefined
    let left = 0
    let isSame = false
    await this.#file.read(zone.key, (record, place) => {
      isSame = record.type === TYPE.SOA && record.owner === zone.key && serialOf(record.data) === before
      if (isSame) return false
      if (!zone.add(record)) {
        outside ??= place
        left++
      }
      return true
    })
    if (isSame) return false
    try {
      zone.complete()
    } catch (error) {
      throw new Error(`${this.path}: ${(error as Error).message}`)
    }
    if (outside)
      this.#log?.warn(`${outside.file}:${outside.line}: not below ${this.origin}, and so left out (records like this: ${left})`)
    this.answers = new Answers(zone)
    return true
  }
}
