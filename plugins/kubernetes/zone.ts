import { Authority } from '#src/answers/authority.ts'
import { labelsOf, toKey } from '#src/dns/name.ts'
import { ZoneMap } from '#src/dns/zone-map.ts'
import type { ClusterView } from '#src/feeds/cluster-index/cluster-view.ts'
import type { Options } from './options.ts'

/** The longest that an SOA record is kept, in seconds. */
const MAX_SOA_TTL = 300

/** A zone that the cluster's names are in. */
export class Zone {
  readonly key: string
  /** Whether its Services are imported ones. */
  readonly multicluster: boolean
  readonly zonal: boolean
  readonly #view: ClusterView
  readonly #depth: number
  readonly #authority: Authority

  constructor(key: string, view: ClusterView, { multicluster, zonal, ttl }: Options) {
    this.key = key
    this.multicluster = multicluster.has(key)
    this.zonal = zonal
    this.#view = view
    this.#depth = labelsOf(key).length
    this.#authority = new Authority(Math.min(ttl, MAX_SOA_TTL), { minimum: ttl })
  }

  /** The labels of a name up to the zone. */
  labels(key: string): string[] {
    const labels = labelsOf(key)
    return labels.slice(0, labels.length - this.#depth)
  }

  /** Its SOA records, with the second of the last change as their serial. */
  get authority(): Authority {
    const { modified } = this.#view.index
    this.#authority.touch(this.multicluster ? modified.imported : modified.internal)
    return this.#authority
  }
}

export const zonesOf = (view: ClusterView, options: Options): ZoneMap<Zone> =>
  new ZoneMap(options.zones.map(toKey).map(key => [key, new Zone(key, view, options)]))
