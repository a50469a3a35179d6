/** ServiceEntries and WorkloadEntries (networking.istio.io). */
import { toOctets } from '../../dns/address.ts'
import type { Port } from '../../registry/record.ts'
import type { Field, Skip } from './field.ts'
import type { Endpoint, Place, ServiceEntry, WorkloadEntry } from './mesh-objects.ts'
import { isConditionTrue, readExportTo, readLabels, readMeta, readSelector } from './meta.ts'

/** By which a ServiceEntry says that it wants no allocated addresses: then those in its status are of no more use. */
const ALLOCATE = 'networking.istio.io/enable-autoallocate-ip'

const RESOLUTIONS = ['NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS'] as const

const NONE: ServiceEntry['allocated'] = new Map()

export function readServiceEntry(root: Field, skip: Skip): ServiceEntry {
  const { namespace, name, labels } = readMeta(root)
  const spec = root.at('spec')
  const resolution = spec.at('resolution').oneOf(RESOLUTIONS, 'NONE')
  if (spec.at('hosts').items().length === 0) throw spec.at('hosts').invalid('must be a list of at least one host')
  const selector = spec.at('workloadSelector')
  return {
    kind: 'ServiceEntry',
    namespace,
    name,
    hosts: spec.at('hosts').each(readHost, skip),
    addresses: spec
      .at('addresses')
      .each(readAddress, skip)
      .filter(address => address !== undefined),
    // istiod leaves them in the status when they are of no more use.
    allocated:
      resolution === 'NONE' || spec.at('addresses').items().length > 0 || labels.get(ALLOCATE)?.toLowerCase() === 'false'
        ? NONE
        : readAllocated(root.at('status', 'addresses'), skip),
    ports: spec.at('ports').each(readPort, skip),
    resolution,
    endpoints: spec
      .at('endpoints')
      .each(item => readListed(item, resolution), skip)
      .filter(endpoint => endpoint !== undefined),
    selector: selector.absent ? undefined : readSelector(selector.at('labels')),
    exportTo: readExportTo(spec),
    created: readTime(root.at('metadata', 'creationTimestamp')),
  }
}

/** In seconds since 1970; 0 where it is not known. */
const readTime = ({ value }: Field): number => (typeof value === 'string' && Date.parse(value) / 1000) || 0

function readAllocated(addresses: Field, skip: Skip): ServiceEntry['allocated'] {
  const allocated = new Map<string, string[]>()
  addresses.each(item => {
    const host = item.at('host').absent ? '' : item.at('host').host()
    allocated.set(host, [...(allocated.get(host) ?? []), item.at('value').address()])
  }, skip)
  return allocated
}

/** A name, of which the first label may be `*`, if it is not all of it. */
function readHost(item: Field): string {
  if (item.text() === '*') throw item.invalid('must be a domain name, with * at most for its whole first label')
  return item.pattern()
}

/** One address; undefined for a range of several, which no name can be answered with. */
function readAddress(item: Field): string | undefined {
  const [text = '', bits] = item.text().split('/')
  const octets = toOctets(text)
  if (!octets || (bits !== undefined && !(/^\d+$/.test(bits) && Number(bits) <= 8 * octets.length)))
    throw item.invalid('must be an IP address or a CIDR range')
  return bits === undefined || Number(bits) === 8 * octets.length ? String.fromCharCode(...octets) : undefined
}

function readPort(item: Field): ServiceEntry['ports'][number] {
  const number = item.at('number').port()
  const target = item.at('targetPort')
  const protocol: Port['protocol'] = item.at('protocol').text('TCP').toUpperCase() === 'UDP' ? 'udp' : 'tcp'
  return {
    name: item.at('name').text('').toLowerCase(),
    protocol,
    number,
    target: target.absent || target.value === 0 ? number : target.port(),
  }
}

function readListed(item: Field, resolution: ServiceEntry['resolution']): Endpoint | undefined {
  const endpoint = readEndpoint(item)
  if (resolution === 'STATIC' && endpoint && 'target' in endpoint.place)
    throw item.at('address').invalid('must be an IP address where resolution is STATIC')
  return endpoint
}

/** @returns undefined for a Unix domain socket, and for a workload that only the gateway of its network reaches */
function readEndpoint(item: Field): Endpoint | undefined {
  const address = item.at('address')
  if (address.text('') === '' && item.at('network').text('') !== '') return undefined
  if (address.text().startsWith('unix://')) return undefined
  return { place: readPlace(address), ports: item.at('ports').members(port => port.port()) }
}

const readPlace = (address: Field): Place =>
  toOctets(address.text()) || /^[\d.]+$|:/.test(address.text()) ? { address: address.address() } : { target: address.host() }

export function readWorkloadEntry(root: Field): WorkloadEntry | undefined {
  const { namespace, name, labels } = readMeta(root)
  const spec = root.at('spec')
  const endpoint = readEndpoint(spec)
  return (
    endpoint && {
      kind: 'WorkloadEntry',
      namespace,
      name,
      ...endpoint,
      // istiod merges both, the metadata's above the spec's.
      labels: new Map([...readLabels(spec.at('labels')), ...labels]),
      healthy: isHealthy(root),
    }
  )
}

/** With this annotation istiod has a workload prove that it is healthy, which it is not before it has; without it, nothing is asked. */
const PROBED = 'proxy.istio.io/health-checks-enabled'

const isHealthy = (root: Field): boolean =>
  !/^(1|t|true)$/i.test(root.at('metadata', 'annotations', PROBED).text('')) || isConditionTrue(root, 'Healthy')
