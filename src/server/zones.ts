import { TYPE } from '../dns/codes.ts'
import { parentOf, ROOT } from '../dns/name.ts'
import type { Query } from '../dns/query.ts'
import type { Reply } from '../dns/reply.ts'
import type { Secrets } from '../dns/tsig.ts'
import { ZoneMap } from '../dns/zone-map.ts'
import type { Handler, Keys, View } from '../plugin.ts'

/** What answers for one zone on one listener. */
export interface Zone {
  /** Key of the zone. */
  readonly key: string
  /** As text: `cluster.local.` */
  readonly name: string
  /** Undefined where the block has no plugin that handles queries. */
  readonly handler: Handler | undefined
  /** Gives a notification or an update of a zone at or below this one to its plugin; undefined if none takes it. */
  take?(message: Query): Reply | PromiseLike<Reply> | undefined
  /** Undefined if there are none. */
  readonly keys?: Keys | undefined
  /** Which queries it takes; undefined for all. */
  readonly view?: View | undefined
  /** The next server block for the same zone, asked if the view does not take the query. */
  next?: Zone | undefined
}

/** The zones of one listener. */
export class Zones extends ZoneMap<Zone> {
  /** Whether queries of classes other than IN go down a chain. */
  otherClasses = false
  /** Whether updates are taken. */
  updates = false

  /** Of several for one zone, that added first is asked first. */
  add(zone: Zone): void {
    let last = this.get(zone.key)
    while (last?.next) last = last.next
    if (last) last.next = zone
    else this.set(zone.key, zone)
  }

  /**
   * The longest zone that holds the query's name and whose view, if it has one, takes the query. DS belongs to the parent's side of a zone cut (RFC 4035 §3.1.4.1),
   * so it is asked of the parent zone where that is served too.
   */
  route(query: Query): Zone | undefined {
    const zone = this.#taking(query, this.find(query.key, query.hash))
    if (query.type !== TYPE.DS || zone?.key !== query.key) return zone
    return this.#taking(query, this.find(parentOf(zone.key))) ?? zone
  }

  /** The keys that the query's signature may be made with; undefined if there are none for its name. */
  secretsFor(query: Query): Secrets | undefined {
    const keys = this.route(query)?.keys
    return keys?.zones.has(query.key) ? keys.secrets : undefined
  }

  /** `zone`, or else the next that takes the query: another of the same name, or one above. */
  #taking(query: Query, zone: Zone | undefined): Zone | undefined {
    let found = zone
    while (found?.view && !found.view.takes(query)) found = found.next ?? this.#above(found)
    return found
  }

  #above({ key }: Zone): Zone | undefined {
    return key === ROOT ? undefined : this.find(parentOf(key))
  }
}
