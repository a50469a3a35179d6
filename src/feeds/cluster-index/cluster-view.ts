import { ZoneSet } from '../../dns/zone-map.ts'
import { isIn } from '../../registry/record.ts'
import type { EndpointSlice, Pod } from '../kubernetes/objects.ts'
import { ClusterIndex, type LocalService } from './cluster-index.ts'

/** A Service that this process is an endpoint of, and the slice that says so. */
interface OwnService {
  readonly node: LocalService
  readonly slice: EndpointSlice
}

/** The cluster of a server block, as far as the block shows it. */
export class ClusterView {
  /** Empty until the cluster is watched. */
  index = new ClusterIndex()
  /** Where this process is reached, as octets. */
  addresses: readonly string[] = []
  /** What is still waited for before everything is known; undefined when it is. */
  waiting: () => string | undefined = () => 'not started'
  /** Where the cluster's own names are. */
  readonly zones: ZoneSet
  /** Whether endpoints without hostname are called as their pods are. */
  readonly podNames: boolean
  /** Whether Pods are watched. */
  readonly pods: boolean
  readonly #namespaces: ReadonlySet<string>

  /** @param namespaces those that are shown; all where none are named */
  constructor(options: { zones: readonly string[]; namespaces: ReadonlySet<string>; podNames: boolean; pods: boolean }) {
    this.zones = new ZoneSet(options.zones)
    this.podNames = options.podNames
    this.pods = options.pods
    this.#namespaces = options.namespaces
  }

  /** Whether names of this namespace exist. */
  exposes(namespace: string): boolean {
    return this.index.namespaces.has(namespace) && (this.#namespaces.size === 0 || this.#namespaces.has(namespace))
  }

  /** The Pod that has this address (octets). */
  podAt(address: string): Pod | undefined {
    return this.index.pods.of(address)[0]
  }

  /** The Services that this process is an endpoint of. */
  get ownServices(): OwnService[] {
    return this.addresses.flatMap(address =>
      this.index.byEndpoint
        .of(address)
        .flatMap(node => node.slices.filter(({ group }) => isIn(address, group)).map(slice => ({ node, slice }))),
    )
  }
}
