import { once } from 'node:events'
import { CLASS, FLAG, RCODE, rcodeName } from '#src/dns/codes.ts'
import { FormatError } from '#src/dns/message.ts'
import { toKey, toText } from '#src/dns/name.ts'
import { type DynamicZone, dynamicZones } from '#src/feeds/zones/dynamic-zone.ts'
import { excessOf, type Size, sizeOf } from '#src/feeds/zones/zone-records.ts'
import { type Logger, type Query, Reply, refused, type ServerBlock } from '#src/plugin.ts'
import { ServedZones } from '#src/zones/served-zones.ts'
import { Permissions, type Rule } from './permissions.ts'
import { countsOf, sectionsOf } from './sections.ts'

export interface Options {
  /** As text. */
  readonly zone: string
  readonly file: string
  readonly database: string | undefined
  readonly rules: readonly Rule[]
  /** The most that the zone may have. */
  readonly limits: Size
  /** The most records of one update. */
  readonly maxUpdateRecords: number
}

/** A zone that clients change. */
export class DynUpdate extends ServedZones<DynamicZone> {
  readonly #options: Options
  readonly #key: string
  readonly #permissions: Permissions
  readonly #log: Logger
  #zone: DynamicZone | undefined
  readonly #listener = () => this.changed(this.#zone!)

  constructor(options: Options, block: ServerBlock) {
    const log = block.log('dynupdate')
    super(block, log, [])
    this.#options = options
    this.#key = toKey(options.zone)
    this.#permissions = new Permissions(options.rules)
    this.#log = log
  }

  async start(signal: AbortSignal): Promise<void> {
    const { zone: origin, file, database, limits } = this.#options
    const source = { origin, file: this.pathOf(file), database: database === undefined ? undefined : this.pathOf(database) }
    const zone = await dynamicZones.open(this.#log, source)
    this.#zone = zone
    // Where the main thread cannot open it, another one would wait for ever.
    await Promise.race([zone.caughtUp, signal.aborted || once(signal, 'abort')])
    const excess = excessOf(sizeOf(zone.records.values()), limits)
    if (excess) throw new Error(excess)
    zone.listeners.add(this.#listener)
    this.zones.set(this.#key, zone)
  }

  updated(update: Query): Reply | Promise<Reply> {
    if (update.class !== CLASS.IN) return refused()
    if (update.key !== this.#key) return new Reply(RCODE.NOTAUTH, FLAG.AA)
    const { tsigKey } = update.client
    if (tsigKey === undefined || !this.#permissions.knows(tsigKey)) return this.#refuse(update, 'no key with permissions')
    const [prerequisites, updates] = countsOf(update)
    const { maxUpdateRecords } = this.#options
    if (prerequisites + updates > maxUpdateRecords) return this.#refuse(update, `more than ${maxUpdateRecords} records`)
    return this.#update(update, tsigKey)
  }

  #refuse({ client }: Query, why: string): Reply {
    this.#log.debug(`refusing UPDATE for ${this.#options.zone} from ${client.address}: ${why}`)
    return new Reply(RCODE.REFUSED, FLAG.AA)
  }

  async #update(update: Query, tsigKey: string): Promise<Reply> {
    const { zone } = this.#options
    const who = `${toText(tsigKey)} at ${update.client.address}`
    try {
      const sections = sectionsOf(update)
      const isAllowed = this.#permissions.allows(tsigKey, sections.updates)
      const { rcode, serial, cause } = await this.#zone!.update({ ...sections, isAllowed, limits: this.#options.limits })
      if (cause !== undefined) this.#log.error(`UPDATE for ${zone} of ${who} failed: ${cause}`)
      else if (serial !== undefined) this.#log.info(`UPDATE for ${zone} of ${who}: serial is ${serial}`)
      else this.#log.debug(`UPDATE for ${zone} of ${who} changes nothing: ${rcodeName(rcode)}`)
      return Object.assign(new Reply(rcode, FLAG.AA), { cause })
    } catch (error) {
      if (error instanceof FormatError) return new Reply(RCODE.FORMERR, FLAG.AA)
      this.#log.error(`UPDATE for ${zone} of ${who} failed: ${(error as Error).stack}`)
      return Object.assign(new Reply(RCODE.SERVFAIL, FLAG.AA), { cause: error })
    }
  }

  async stop(): Promise<void> {
    this.#zone?.listeners.delete(this.#listener)
    if (this.#zone) await dynamicZones.leave(this.#zone)
    this.#zone = undefined
  }
}
