/** Objects in, records out: puts Services together with their endpoints and keeps track of what changes with what. */
import { isDeepStrictEqual } from 'node:util'
import { namespaceRecord, serviceRecord } from './join-service.ts'
import { serviceEntryRecords } from './join-service-entry.ts'
import {
  type EndpointSlice,
  idOf,
  type MeshObject,
  type Pod,
  type Service,
  type ServiceEntry,
  selects,
  type WorkloadEntry,
} from './objects.ts'
import type { Change, HostRecord } from './record.ts'

type Workload = Pod | WorkloadEntry
type Selecting = Service | ServiceEntry

/** Objects by what they belong to, and by id. */
class Grouped<T> {
  readonly #groups = new Map<string, Map<string, T>>()

  set(group: string, id: string, member: T): void {
    const members = this.#groups.get(group)
    if (members) members.set(id, member)
    else this.#groups.set(group, new Map([[id, member]]))
  }

  delete(group: string, id: string): void {
    const members = this.#groups.get(group)
    if (members?.delete(id) && members.size === 0) this.#groups.delete(group)
  }

  *of(group: string): Iterable<T> {
    const members = this.#groups.get(group)
    if (members) yield* members.values()
  }
}

export class Join {
  /** How many objects of each kind are held. */
  readonly counts = new Map<MeshObject['kind'], number>()
  readonly #objects = new Map<string, MeshObject>()
  /** By the id of their Service. */
  readonly #slices = new Grouped<EndpointSlice>()
  /** By namespace. */
  readonly #workloads = new Grouped<Workload>()
  readonly #selecting = new Grouped<Selecting>()
  /** Ids of objects whose records are to be made anew. */
  readonly #touched = new Set<string>()
  /** What was told last, by the object's id and the record's. */
  readonly #told = new Map<string, ReadonlyMap<string, HostRecord>>()

  /** The object under this id is now this one, or is no more. */
  put(id: string, object: MeshObject | undefined): void {
    const previous = this.#objects.get(id)
    if (previous) {
      this.#unlink(id, previous)
      this.#objects.delete(id)
      this.#count(previous, -1)
    }
    if (object) {
      this.#objects.set(id, object)
      this.#link(id, object)
      this.#count(object, 1)
    }
    for (const side of [previous, object]) if (side) this.#touch(id, side)
  }

  /** Whether {@link take} has something to give. */
  get changed(): boolean {
    return this.#touched.size > 0
  }

  /** What has changed since it was taken last: about `most` changes, the rest the next time. */
  take(most: number): Change[] {
    const changes: Change[] = []
    for (const id of this.#touched) {
      this.#touched.delete(id)
      const told = this.#told.get(id) ?? new Map<string, HostRecord>()
      const records = this.#records(id)
      for (const [key, record] of records) if (!isDeepStrictEqual(told.get(key), record)) changes.push([key, record])
      for (const key of told.keys()) if (!records.has(key)) changes.push([key, undefined])
      if (records.size > 0) this.#told.set(id, records)
      else this.#told.delete(id)
      if (changes.length >= most) break
    }
    return changes
  }

  #records(id: string): Map<string, HostRecord> {
    const object = this.#objects.get(id)
    switch (object?.kind) {
      case 'Service':
        return new Map([[id, serviceRecord(object, [...this.#slices.of(id)], this.#selected(object))]])
      case 'ServiceEntry':
        return new Map(serviceEntryRecords(object, this.#selected(object)).map(record => [`${id} ${record.host}`, record]))
      case 'Namespace':
        return new Map([[id, namespaceRecord(object)]])
      default:
        return new Map()
    }
  }

  #selected({ namespace, selector }: Selecting): Workload[] {
    if (!selector) return []
    return [...this.#workloads.of(namespace)].filter(({ labels }) => selects(selector, labels))
  }

  #count({ kind }: MeshObject, by: number): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + by)
  }

  #link(id: string, object: MeshObject): void {
    if (object.kind === 'EndpointSlice') this.#slices.set(serviceOf(object), id, object)
    else if (isWorkload(object)) this.#workloads.set(object.namespace, id, object)
    else if (object.kind !== 'Namespace' && object.selector) this.#selecting.set(object.namespace, id, object)
  }

  #unlink(id: string, object: MeshObject): void {
    if (object.kind === 'EndpointSlice') this.#slices.delete(serviceOf(object), id)
    else if (isWorkload(object)) this.#workloads.delete(object.namespace, id)
    else this.#selecting.delete(object.namespace, id)
  }

  #touch(id: string, object: MeshObject): void {
    if (object.kind === 'EndpointSlice') this.#touched.add(serviceOf(object))
    else if (!isWorkload(object)) this.#touched.add(id)
    else {
      for (const selecting of this.#selecting.of(object.namespace)) {
        if (selecting.selector && selects(selecting.selector, object.labels)) this.#touched.add(idOf(selecting))
      }
    }
  }
}

const isWorkload = (object: MeshObject): object is Workload => object.kind === 'Pod' || object.kind === 'WorkloadEntry'

const serviceOf = ({ namespace, service }: EndpointSlice): string => `Service ${namespace}/${service ?? ''}`
