import { isAbsolute, join } from 'node:path'
import { CLASS, TYPE } from '../dns/codes.ts'
import { toKey } from '../dns/name.ts'
import { ZoneMap, ZoneSet } from '../dns/zone-map.ts'
import type { ZoneVersion } from '../dns/zone-version.ts'
import {
  type Handler,
  type Instance,
  type Logger,
  type MetadataReader,
  notReady,
  type Query,
  refused,
  type ServerBlock,
} from '../plugin.ts'
import type { Answers } from './answers.ts'

/** A zone that a plugin answers for. */
export interface ServedZone {
  /** As text. */
  readonly origin: string
  /** Undefined while the zone is not to be answered for. */
  readonly answers: Answers | undefined
  /** What it is then: `not read yet`. */
  readonly lack: string
}

/** A plugin that answers for whole zones, and gives notice of their new versions. */
export class ServedZones<T extends ServedZone> implements Instance {
  protected zones = new ZoneMap<T>()
  /** Undefined in all threads but the main one: all have the same zones, and one logs about them. */
  protected readonly log: Logger | undefined
  protected readonly block: ServerBlock
  readonly #fallthrough: ZoneSet
  #isServing = false

  /** @param fallthrough zones whose names go to the next plugin where there are no records */
  constructor(block: ServerBlock, log: Logger, fallthrough: readonly string[]) {
    this.block = block
    this.#fallthrough = new ZoneSet(fallthrough)
    this.log = block.server.control && log
  }

  wrap(next: Handler): Handler {
    const { resolve } = this.block
    return query => {
      const zone = query.class === CLASS.IN ? this.zones.find(query.key, query.hash) : undefined
      if (!zone) return next(query)
      // Who may have the whole zone has got it above.
      if (query.type === TYPE.AXFR || query.type === TYPE.IXFR) return refused()
      if (!zone.answers) return notReady(why(zone))
      return zone.answers.respond(query, resolve, this.#fallthrough.has(query.key) ? next : undefined)
    }
  }

  explain({ key, hash }: Query): string[] {
    const zone = this.zones.find(key, hash)
    if (!zone) return []
    return [zone.answers ? `in zone ${zone.origin} with serial ${zone.answers.zone.serial}` : why(zone)]
  }

  zone(key: string): ZoneVersion | undefined {
    const zone = this.zones.get(key)
    if (zone && !zone.answers) throw new Error(why(zone))
    return zone?.answers?.zone
  }

  serving(): void {
    this.#isServing = true
    for (const zone of this.zones.values()) if (zone.answers) this.changed(zone)
  }

  metadata(label: string): MetadataReader | undefined {
    if (label !== 'zone/wildcard') return undefined
    return ({ key, hash }) => this.zones.find(key, hash)?.answers?.wildcardOf(key, hash)
  }

  /** The path of a file or folder that the Corefile names, from the directory of *root* on. */
  protected pathOf(path: string): string {
    const { root } = this.block
    return isAbsolute(path) || !root ? path : join(root, path)
  }

  /** There is another version of a zone. */
  protected changed({ origin }: T): void {
    if (this.#isServing) this.block.notify(toKey(origin))
  }
}

const why = ({ origin, lack }: ServedZone): string => `zone ${origin} is ${lack}`
