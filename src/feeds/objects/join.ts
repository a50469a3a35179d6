/** Objects in, records out: puts Services together with their endpoints and keeps track of what changes with what. */
import { isDeepStrictEqual } from 'node:util'
import { labelsOf } from '../../dns/name.ts'
import { MultiMap } from '../../registry/multi-map.ts'
import type { ClientRecord, HostRecord, MeshRecord } from '../../registry/record.ts'
import { isRestricted } from '../../registry/visibility.ts'
import type { Change } from '../report.ts'
import { namespaceRecord, serviceRecord } from './join-service.ts'
import { serviceEntryRecords } from './join-service-entry.ts'
import {
  type EndpointSlice,
  idOf,
  type MeshObject,
  type Namespace,
  type Pod,
  type Service,
  type ServiceEntry,
  selects,
  type WorkloadEntry,
} from './mesh-objects.ts'

type Workload = Pod | WorkloadEntry
type Selecting = Service | ServiceEntry
/** What hosts are made of. */
type Named = Selecting | Namespace

export class Join {
  readonly #named = new Map<string, Named>()
  /** By the id of their Service. */
  readonly #slices = new MultiMap<string, EndpointSlice>()
  /** By namespace. */
  readonly #workloads = new MultiMap<string, Workload>()
  readonly #selecting = new MultiMap<string, Selecting>()
  /** Ids of objects whose records must be made again. */
  readonly #touched = new Set<string>()
  /** Those of them that have endpoints. */
  readonly #together = new Set<string>()
  readonly #told: ReadonlyMap<string, MeshRecord>
  /** The ids of the records of a ServiceEntry; those of all others are the object's. */
  readonly #hosts = new Map<string, readonly string[]>()

  /** The ServiceEntries of each host. */
  readonly #claims = new MultiMap<string, ServiceEntry>()
  #restricted = false
  /** What has been made and not been taken yet, by the id of the record: one ServiceEntry may have thousands of hosts. */
  readonly #untold = new Map<string, MeshRecord>()
  /** Ids of records that are to go when nothing else is left to tell: another object may have the host now. */
  readonly #gone = new Set<string>()

  /** @param told the records that were taken so far, by id, as their taker keeps them */
  constructor(told: ReadonlyMap<string, MeshRecord>) {
    this.#told = told
  }

  /** Replaces the object under this id, which was `previous`, or removes it. An object may be put twice. */
  put(id: string, object: MeshObject | undefined, previous: MeshObject | undefined): void {
    if (previous) this.#unlink(id, previous)
    if (object) this.#link(id, object)
    const either = object ?? previous
    if (this.#restricted && either && isWorkload(either)) this.#tell(id, clientRecord(object))
  }

  /** Whether some host is, or was, not the same for all clients, so that clients are reported, too. */
  get restricted(): boolean {
    return this.#restricted
  }

  /** Whether {@link take} has something to give. */
  get changed(): boolean {
    return this.#touched.size + this.#untold.size + this.#gone.size > 0
  }

  /** What has changed since it was taken last: at most `most` changes, the rest the next time. */
  take(most: number): Change[] {
    return this.#take(this.#touched, most)
  }

  /** The same of Services with endpoints alone, while the others may be waiting for theirs. */
  takeTogether(most: number): Change[] {
    return this.#take(this.#together, most)
  }

  #take(ids: ReadonlySet<string>, most: number): Change[] {
    for (const id of ids) {
      if (this.#untold.size >= most) break
      this.#touched.delete(id)
      this.#together.delete(id)
      const object = this.#named.get(id)
      if (object?.kind === 'ServiceEntry' || this.#hosts.has(id)) this.#putHosts(id, object as ServiceEntry | undefined)
      else this.#tell(id, object && this.#record(id, object))
    }
    const changes: Change[] = []
    for (const [id, record] of this.#untold.entries().take(most)) {
      this.#untold.delete(id)
      if (!isDeepStrictEqual(this.#told.get(id), record)) changes.push([id, record])
    }
    if (this.#touched.size + this.#untold.size > 0) return changes
    for (const id of this.#gone.values().take(most - changes.length)) {
      this.#gone.delete(id)
      if (this.#told.has(id)) changes.push([id, undefined])
    }
    return changes
  }

  #tell(id: string, record: MeshRecord | undefined): void {
    if (record) {
      this.#untold.set(id, record)
      this.#gone.delete(id)
    } else {
      this.#untold.delete(id)
      this.#gone.add(id)
    }
  }

  #record(id: string, object: Service | Namespace): HostRecord {
    if (object.kind === 'Namespace') return namespaceRecord(object)
    return serviceRecord(object, this.#slices.of(id), this.#selected(object))
  }

  #putHosts(id: string, entry: ServiceEntry | undefined): void {
    const records = entry ? serviceEntryRecords(entry, this.#selected(entry)) : []
    const hosts = records.map(({ host }) => `${id} ${host}`)
    for (const [i, record] of records.entries()) this.#tell(hosts[i]!, record)
    const gone = new Set(this.#hosts.get(id)).difference(new Set(hosts))
    for (const host of gone) this.#tell(host, undefined)
    if (entry) this.#hosts.set(id, hosts)
    else this.#hosts.delete(id)
  }

  #selected({ namespace, selector }: Selecting): Workload[] {
    if (!selector) return []
    return this.#workloads.of(namespace).filter(({ labels }) => selects(selector, labels))
  }

  #link(id: string, object: MeshObject): void {
    if (object.kind === 'EndpointSlice') {
      const service = serviceOf(object)
      this.#slices.add(service, object)
      this.#touched.add(service)
      this.#together.add(service)
    } else if (isWorkload(object)) {
      this.#workloads.add(object.namespace, object)
      this.#touchSelecting(object)
    } else {
      this.#named.set(id, object)
      this.#touched.add(id)
      if (this.#slices.has(id)) this.#together.add(id)
      if (object.kind === 'Namespace') return
      if (object.selector?.length) this.#selecting.add(object.namespace, object)
      const contested = object.kind === 'ServiceEntry' && this.#claim(object)
      if (contested || isRestricted(object.exportTo)) this.tellClients()
    }
  }

  /** @returns whether another namespace has one of the hosts, too, or may have it as a Service */
  #claim(entry: ServiceEntry): boolean {
    for (const host of entry.hosts) this.#claims.add(host, entry)
    const isOther = (namespace: string | undefined) => namespace !== undefined && namespace !== entry.namespace
    return entry.hosts.some(
      host => isOther(namespaceOf(host)) || this.#claims.of(host).some(({ namespace }) => isOther(namespace)),
    )
  }

  /** Reports clients, too, from now on. */
  tellClients(): void {
    if (this.#restricted) return
    this.#restricted = true
    for (const workload of this.#workloads.values()) this.#tell(idOf(workload), clientRecord(workload))
  }

  #unlink(id: string, object: MeshObject): void {
    if (object.kind === 'EndpointSlice') {
      const service = serviceOf(object)
      this.#slices.delete(service, object)
      this.#touched.add(service)
    } else if (isWorkload(object)) {
      this.#workloads.delete(object.namespace, object)
      this.#touchSelecting(object)
    } else {
      this.#named.delete(id)
      this.#touched.add(id)
      if (object.kind !== 'Namespace') this.#selecting.delete(object.namespace, object)
      if (object.kind === 'ServiceEntry') for (const host of object.hosts) this.#claims.delete(host, object)
    }
  }

  /** Touches what selects a workload, by the labels that it has or had. */
  #touchSelecting({ namespace, labels }: Workload): void {
    for (const selecting of this.#selecting.of(namespace))
      if (selecting.selector && selects(selecting.selector, labels)) this.#touched.add(idOf(selecting))
  }
}

/** The client that an object is: a Pod or WorkloadEntry with addresses of its own; undefined for anything else. */
function clientRecord(object: MeshObject | undefined): ClientRecord | undefined {
  const addresses =
    object?.kind === 'Pod' && !object.hostNetwork
      ? object.addresses
      : object?.kind === 'WorkloadEntry' && 'address' in object.place
        ? [object.place.address]
        : []
  return object && addresses.length > 0 ? { kind: 'Client', namespace: object.namespace, addresses } : undefined
}

/** Of the Service that would have this host, whatever the zone; undefined where it is no name of one. */
function namespaceOf(host: string): string | undefined {
  const [, namespace, svc] = labelsOf(host)
  return svc === 'svc' ? namespace : undefined
}

const isWorkload = (object: MeshObject): object is Workload => object.kind === 'Pod' || object.kind === 'WorkloadEntry'

const serviceOf = ({ namespace, service }: EndpointSlice): string => `Service ${namespace}/${service ?? ''}`
