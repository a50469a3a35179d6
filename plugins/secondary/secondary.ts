import { setTimeout as sleep } from 'node:timers/promises'
import { canonicalAddress } from '#src/dns/address.ts'
import { CLASS } from '#src/dns/codes.ts'
import { toKey, toText } from '#src/dns/name.ts'
import { NO_RECORDS } from '#src/dns/sections.ts'
import { ZoneMap, ZoneSet } from '#src/dns/zone-map.ts'
import type { SecondaryZone, ZoneSource } from '#src/feeds/zones/secondary-zone.ts'
import { secondaryZones } from '#src/feeds/zones/secondary-zones.ts'
import { answer, type Instance, type Logger, type Query, type Reply, type ServerBlock, silence } from '#src/plugin.ts'
import type { Answers } from '#src/zones/answers.ts'
import { ServedZones } from '#src/zones/served-zones.ts'
import { readCatalog } from './catalog.ts'
import { Catalogs, type Use } from './catalogs.ts'

/** How long a start waits for what another thread has of the zones of catalogs, in milliseconds. */
const PATIENCE = 1000
/** How long the log is not told of another notification that is dropped, in milliseconds. */
const QUIET = 1000

/** One use of the directive. */
export interface Source {
  readonly zones: readonly string[]
  readonly primaries: ZoneSource['primaries'][number][]
  /** Where the zones are catalogs: of the zones that they list, those at or below these are served. */
  members: readonly string[] | undefined
}

export interface Options {
  readonly sources: readonly Source[]
  readonly fallthrough: readonly string[]
}

/** Zones that are transferred from primaries. */
export class Secondary extends ServedZones<SecondaryZone> {
  readonly #sources: readonly Source[]
  readonly #log: Logger
  readonly #configured = new Map<string, SecondaryZone>()
  readonly #catalogs: Catalogs
  readonly #uses = new Set<Use>()
  /** What there was before the reload under way. */
  #before: Pick<Secondary, 'configured' | 'listed'> = NOTHING
  /** Versions of catalogs are looked at one after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #isStopped = false
  /** Notifications that were dropped and not told. */
  #dropped = 0
  #quietUntil = 0

  constructor({ sources, fallthrough }: Options, block: ServerBlock) {
    const log = block.log('secondary')
    super(block, log, fallthrough)
    this.#sources = sources
    this.#log = log
    this.#catalogs = new Catalogs({
      log: this.log,
      isConfigured: key => this.#configured.has(key),
      open: (key, primaries, id, known) => {
        const previous = this.#before.listed.get(key)
        const kept = previous?.id === id ? previous.use.zone.answers : undefined
        return this.#open({ key: keyOf(key, primaries, `under ${id}`), origin: toText(key), primaries }, known ?? kept)
      },
    })
  }

  /** By key. */
  get configured(): ReadonlyMap<string, SecondaryZone> {
    return this.#configured
  }

  get listed(): Catalogs['listed'] {
    return this.#catalogs.listed
  }

  adopt(previous: Instance): void {
    this.#before = previous as Secondary
  }

  async start(): Promise<void> {
    for (const { zones, primaries, members } of this.#sources) {
      for (const origin of zones) {
        const key = toKey(origin)
        const source: ZoneSource = { key: keyOf(key, primaries), origin, primaries }
        const catalog: ZoneSource = { ...source, key: keyOf(key, primaries, 'catalog'), check: zone => void readCatalog(zone) }
        const { zone } = await this.#open(members ? catalog : source, this.#before.configured.get(key)?.answers)
        this.#configured.set(key, zone)
        if (members) this.#catalogs.add(key, zone, new ZoneSet(members))
      }
    }
    this.#serve()
    await Promise.all(Array.from(this.#configured.values(), ({ caughtUp }) => caughtUp))
    for (const zone of this.#configured.values()) if (zone.source.check) this.#follow(zone)
    await this.#turn
    const listed = Array.from(this.listed.values(), ({ use }) => use.zone.caughtUp)
    await Promise.race([Promise.all(listed), sleep(PATIENCE, undefined, { ref: false })])
    this.#before = NOTHING
  }

  async #open(source: ZoneSource, known: Answers | undefined): Promise<Use> {
    const zone = await secondaryZones.open(this.#log, source, known)
    let { held } = zone
    const listener = () => {
      if (zone.held === held) return
      held = zone.held
      this.changed(zone)
      if (source.check) this.#follow(zone)
    }
    zone.listeners.add(listener)
    const use: Use = {
      zone,
      end: () => {
        zone.listeners.delete(listener)
        this.#uses.delete(use)
        void secondaryZones.leave(zone)
      },
    }
    this.#uses.add(use)
    return use
  }

  /** Serves what catalogs list by now. */
  #follow(zone: SecondaryZone): void {
    if (this.#isStopped) return
    this.#turn = this.#turn
      .then(() => this.#catalogs.follow(zone))
      .then(
        () => this.#serve(),
        error => this.log?.error((error as Error).message),
      )
  }

  #serve(): void {
    const listed = Array.from(this.listed, ([key, { use }]) => [key, use.zone] as const)
    this.zones = new ZoneMap([...listed, ...this.#configured])
  }

  notified({ key, class: classCode, client }: Query): Reply | undefined {
    const zone = classCode === CLASS.IN ? this.zones.get(key) : undefined
    if (!zone) return undefined
    const { origin, source } = zone
    if (!source.primaries.some(({ address }) => canonicalAddress(address) === client.address))
      return this.#drop(client.address, origin)
    zone.notified(client.address)
    return answer(NO_RECORDS)
  }

  /** Anybody can send notifications: the log is told of one a second. */
  #drop(address: string, origin: string): Reply {
    const now = performance.now()
    if (now < this.#quietUntil) this.#dropped++
    else {
      const others = this.#dropped > 0 ? `, behind ${this.#dropped} of others` : ''
      this.#log.info(`Dropping notify from ${address} for ${origin}${others}`)
      this.#quietUntil = now + QUIET
      this.#dropped = 0
    }
    return silence()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#turn
    for (const use of this.#uses) use.end()
  }
}

const NOTHING = { configured: new Map(), listed: new Map() }

/** Of what is one zone, over a reload, too. @param label what tells zones of one name apart */
const keyOf = (key: string, primaries: ZoneSource['primaries'], label = ''): string =>
  JSON.stringify([toText(key), primaries, label])
