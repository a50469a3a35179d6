import { keyOf } from '../../dns/name.ts'
import type { HostRecord, Port, Target } from '../../registry/record.ts'
import { type EndpointAddress, groupEndpoints } from '../groups.ts'
import type { EndpointSlice, Namespace, Pod, Service, WorkloadEntry } from './mesh-objects.ts'

/** Most of what may be several is none, which need not be kept for each. */
const NONE: readonly never[] = []

/**
 * A Service with its endpoints: those of its slices; where it has none, the Pods that its selector matches; and, as istiod has it, the
 * WorkloadEntries that its selector matches.
 * @param selected what the selector matches
 */
export function serviceRecord(
  service: Service,
  slices: readonly EndpointSlice[],
  selected: readonly (Pod | WorkloadEntry)[],
): HostRecord {
  const { endpoints, targets } = selected.length === 0 ? NOTHING : chosen(service, slices, selected)
  const groups = slices.map(({ group }) => group).filter(({ addresses }) => addresses !== '')
  const { alias, exportTo } = service
  const record: HostRecord = {
    kind: 'Service',
    namespace: service.namespace,
    host: keyOf([service.name, service.namespace, 'svc'], ''),
    vips: service.vips,
    ports: service.ports,
    groups: endpoints.length === 0 ? groups : groups.concat(groupEndpoints(endpoints)),
    targets,
  }
  if (alias === undefined && !exportTo) return record
  return { ...record, ...(alias !== undefined && { alias }), ...(exportTo && { exportTo }) }
}

interface Chosen {
  readonly endpoints: readonly EndpointAddress[]
  readonly targets: readonly Target[]
}

const NOTHING: Chosen = { endpoints: NONE, targets: NONE }

function chosen(service: Service, slices: readonly EndpointSlice[], selected: readonly (Pod | WorkloadEntry)[]): Chosen {
  const endpoints: EndpointAddress[] = []
  const targets: Target[] = []
  for (const workload of selected) {
    if (workload.kind === 'Pod') {
      if (slices.length === 0) endpoints.push(...podEndpoints(workload, service))
    } else if (workload.healthy) {
      const { place } = workload
      const ports = portsOf(
        service,
        port => workload.ports.get(port.name) ?? (typeof port.target === 'number' ? port.target : undefined),
      )
      if ('address' in place) endpoints.push({ address: place.address, hostname: '', ports })
      else targets.push({ name: place.target, ports })
    }
  }
  return { endpoints, targets }
}

/** A namespace exists, as a name, also while it holds no service. */
export const namespaceRecord = ({ name }: Namespace): HostRecord => ({
  kind: 'Namespace',
  namespace: name,
  host: keyOf([name, 'svc'], ''),
  vips: NONE,
  ports: NONE,
  groups: NONE,
  targets: NONE,
})

function* podEndpoints(pod: Pod, service: Service): Iterable<EndpointAddress> {
  if (!pod.ready && !service.publishNotReady) return
  const ports = portsOf(service, ({ target }) => (typeof target === 'number' ? target : pod.ports.get(target)))
  // A headless service gives a pod its hostname by the pod's own word (`spec.subdomain`).
  const hostname = pod.subdomain === service.name ? pod.hostname : ''
  const [first] = pod.addresses
  const families =
    service.families.length > 0
      ? service.families
      : service.vips.length > 0
        ? service.vips.map(vip => vip.length)
        : [first?.length]
  for (const address of pod.addresses) if (families.includes(address.length as 4 | 16)) yield { address, hostname, ports }
}

/** The service's ports with the number that `number` finds, those without one left out. */
const portsOf = (service: Service, number: (port: Service['ports'][number]) => number | undefined): Port[] =>
  service.ports.flatMap(port => {
    const found = number(port)
    return found === undefined ? [] : [{ name: port.name, protocol: port.protocol, number: found }]
  })
