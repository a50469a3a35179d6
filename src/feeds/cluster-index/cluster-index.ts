import { epochSeconds, secondsSince } from '../../dns/epoch.ts'
import { AddressMap } from '../../registry/address-map.ts'
import { addressesOf, isIn } from '../../registry/record.ts'
import type { Listener } from '../kubernetes/held.ts'
import type {
  ClusterObject,
  EndpointSlice,
  ImportedSlice,
  Namespace,
  Pod,
  Service,
  ServiceImport,
} from '../kubernetes/objects.ts'
import { HostIndex } from './host-index.ts'
import { sameAnswers } from './same-answers.ts'
import type { ServiceNode } from './service-node.ts'
import { ServiceNodes } from './service-nodes.ts'

export type LocalService = ServiceNode<Service, EndpointSlice>
export type ImportedService = ServiceNode<ServiceImport, ImportedSlice>

/** The objects of a cluster by what they are asked for: services by name and by address, pods by address. */
export class ClusterIndex implements Listener {
  readonly services = new ServiceNodes<Service, EndpointSlice>()
  readonly imports = new ServiceNodes<ServiceImport, ImportedSlice>()
  readonly pods = new AddressMap<Pod>()
  readonly namespaces = new Set<string>()
  /** What the outside is to know. */
  readonly hosts = new HostIndex()
  /** Services by their cluster IPs, and by their external addresses. */
  readonly byClusterIp = new AddressMap<LocalService>()
  readonly byExternal = new AddressMap<LocalService>()
  #byEndpoint: AddressMap<LocalService> | undefined
  /** Another one after every change of the namespaces. */
  epoch = 0
  /** When answers changed last, by the clock in seconds: those of the cluster's own names, of external ones, of imported ones. */
  readonly modified = { internal: epochSeconds(), external: epochSeconds(), imported: epochSeconds() }
  /** Told how long after its cause a change of endpoints has come here, in seconds. */
  onProgrammed: (service: Service, seconds: number) => void = () => {}

  /** Services by the addresses of their endpoints: indexed when somebody asks first, which in most clusters nobody does. */
  get byEndpoint(): AddressMap<LocalService> {
    if (this.#byEndpoint) return this.#byEndpoint
    const index = new AddressMap<LocalService>()
    for (const node of this.services.all) for (const { group } of node.slices) index.add(group.addresses, node, group.size)
    this.#byEndpoint = index
    return index
  }

  change(id: string, object: ClusterObject | undefined, previous: ClusterObject | undefined, trigger: number | undefined): void {
    this.hosts.change(id, object)
    const { kind, namespace, name } = (object ?? previous)!
    if (kind === 'Namespace') this.#changeNamespace(name, object as Namespace | undefined)
    else if (kind === 'Service') this.#changeService(namespace, name, object as Service | undefined)
    else if (kind === 'EndpointSlice') {
      this.#changeSlice(object as EndpointSlice | undefined, previous as EndpointSlice | undefined)
      if (trigger !== undefined) this.#programmed(object as EndpointSlice, trigger)
    } else if (kind === 'ServiceImport') {
      this.imports.change(namespace, name, node => node.setService(object as ServiceImport | undefined))
      this.modified.imported = epochSeconds()
    } else if (kind === 'ImportedSlice')
      this.#changeImported(object as ImportedSlice | undefined, previous as ImportedSlice | undefined)
    else if (kind === 'Pod') this.#changePod(object as Pod | undefined, previous as Pod | undefined)
  }

  flush(): void {}

  #changeNamespace(name: string, namespace: Namespace | undefined): void {
    if (namespace) this.namespaces.add(name)
    else this.namespaces.delete(name)
    this.epoch++
  }

  #changeService(namespace: string, name: string, service: Service | undefined): void {
    this.services.change(namespace, name, node => {
      const before = node.service
      node.setService(service)
      reindex(this.byClusterIp, node, before?.vips ?? [], service?.vips ?? [])
      const [old, external] = [externalAddresses(before), externalAddresses(service)]
      reindex(this.byExternal, node, old, external)
      if (old.length > 0 || external.length > 0) this.modified.external = epochSeconds()
      this.modified.internal = epochSeconds()
    })
  }

  #changeSlice(slice: EndpointSlice | undefined, previous: EndpointSlice | undefined): void {
    const { namespace, name, service = '' } = (slice ?? previous)!
    const moved = slice && previous && previous.service !== service
    if (moved) this.#setSlice(namespace, previous.service ?? '', name, undefined)
    this.#setSlice(namespace, service, name, slice)
  }

  #setSlice(namespace: string, service: string, name: string, slice: EndpointSlice | undefined): void {
    this.services.change(namespace, service, node => {
      const before = node.slice(name)
      if (!(before && slice && sameAnswers(before, slice))) this.modified.internal = epochSeconds()
      node.setSlice(name, slice)
      const index = this.#byEndpoint
      if (!index || before?.group.addresses === slice?.group.addresses) return
      const left = before
        ? [...addressesOf(before.group)].filter(address => !node.slices.some(({ group }) => isIn(address, group)))
        : []
      for (const address of left) index.delete(address, node)
      if (slice) index.add(slice.group.addresses, node, slice.group.size)
    })
  }

  #changeImported(slice: ImportedSlice | undefined, previous: ImportedSlice | undefined): void {
    const { namespace, name, service = '' } = (slice ?? previous)!
    if (slice && previous && previous.service !== service)
      this.imports.change(namespace, previous.service ?? '', node => node.setSlice(name, undefined))
    this.imports.change(namespace, service, node => node.setSlice(name, slice))
    this.modified.imported = epochSeconds()
  }

  #changePod(pod: Pod | undefined, previous: Pod | undefined): void {
    for (const address of previous?.addresses ?? []) this.pods.delete(address, previous!)
    // One that is being deleted is none any more.
    if (pod && !pod.terminating) for (const address of pod.addresses) this.pods.add(address, pod)
    if (`${previous?.addresses}` !== `${pod?.addresses}`) this.modified.internal = epochSeconds()
  }

  #programmed({ namespace, service = '' }: EndpointSlice, trigger: number): void {
    const known = this.services.find(namespace, service)?.service
    if (known) this.onProgrammed(known, secondsSince(trigger))
  }
}

const externalAddresses = (service: Service | undefined): string[] =>
  (service?.external ?? []).flatMap(place => ('address' in place ? [place.address] : []))

function reindex<T extends object>(map: AddressMap<T>, value: T, before: readonly string[], after: readonly string[]): void {
  for (const address of before) if (!after.includes(address)) map.delete(address, value)
  for (const address of after) map.add(address, value)
}
