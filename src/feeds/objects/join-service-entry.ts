import { type HostRecord, isItself, type Port, type Target } from '../../registry/record.ts'
import { type EndpointAddress, groupEndpoints } from '../groups.ts'
import type { Endpoint, Pod, ServiceEntry, WorkloadEntry } from './mesh-objects.ts'

const NO_PORTS: ReadonlyMap<string, number> = new Map()

/**
 * A ServiceEntry, one record for each of its hosts.
 * @param selected what its workloadSelector matches
 */
export function serviceEntryRecords(entry: ServiceEntry, selected: readonly (Pod | WorkloadEntry)[]): HostRecord[] {
  const endpoints: EndpointAddress[] = []
  const targets: Target[] = []

  const add = ({ place, ports }: Endpoint) => {
    if ('address' in place) endpoints.push({ address: place.address, hostname: '', ports: portsOf(entry, ports) })
    else targets.push({ name: place.target, ports: portsOf(entry, ports) })
  }
  // Endpoints of NONE and DYNAMIC_DNS are not used: the client connects to where the DNS says.
  if (entry.resolution !== 'NONE' && entry.resolution !== 'DYNAMIC_DNS') entry.endpoints.forEach(add)
  for (const workload of selected) {
    if (workload.kind === 'WorkloadEntry') {
      if (workload.healthy) add(workload)
    } else if (workload.ready) {
      for (const address of workload.addresses) add({ place: { address }, ports: NO_PORTS })
    }
  }

  const known = entry.resolution === 'STATIC' || entry.selector !== undefined
  const groups = groupEndpoints(endpoints)
  return entry.hosts.map(host => {
    const others = isItself(host, groups, targets) ? [] : targets
    return {
      kind: 'ServiceEntry',
      namespace: entry.namespace,
      host,
      vips: entry.addresses.length > 0 ? entry.addresses : (entry.allocated.get(host) ?? entry.allocated.get('') ?? []),
      ports: entry.ports,
      groups,
      targets: others,
      ...(!known && groups.length === 0 && others.length === 0 && { elsewhere: true as const }),
      ...(entry.exportTo && { exportTo: entry.exportTo }),
      ...(entry.created > 0 && { created: entry.created }),
    }
  })
}

/** The entry's ports, by the number that the endpoint gives one of that name, else by their target port. */
const portsOf = ({ ports }: ServiceEntry, own: ReadonlyMap<string, number>): Port[] =>
  ports.map(({ name, protocol, target }) => ({ name, protocol, number: own.get(name) ?? target }))
