import { TYPE } from '../dns/codes.ts'
import { parentOf } from '../dns/name.ts'
import type { Query } from '../dns/query.ts'
import { ZoneMap } from '../dns/zone-map.ts'
import type { Handler } from '../plugin.ts'

/** What answers for one zone on one listener. */
export interface Zone {
  /** Key of the zone. */
  readonly key: string
  /** As text: `cluster.local.` */
  readonly name: string
  /** Undefined where the block has no plugin that handles queries. */
  readonly handler: Handler | undefined
}

/** The zones of one listener. */
export class Zones extends ZoneMap<Zone> {
  /** Whether queries of classes other than IN go down a chain. */
  otherClasses = false

  /**
   * The longest zone that holds the query's name. DS belongs to the parent's side of a zone cut (RFC 4035 §3.1.4.1),
   * so it is asked of the parent zone where that is served too.
   */
  route(query: Query): Zone | undefined {
    const zone = this.find(query.key, query.hash)
    if (query.type !== TYPE.DS || zone?.key !== query.key) return zone
    return this.find(parentOf(zone.key)) ?? zone
  }
}
