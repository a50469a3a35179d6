/** Services (core/v1) and their EndpointSlices (discovery.k8s.io/v1). */
import type { EndpointGroup, Port } from '../../registry/record.ts'
import type { Field, Skip } from './field.ts'
import type { EndpointSlice, Service, ServicePort } from './mesh-objects.ts'
import { readMeta, readSelector } from './meta.ts'

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const

/** The annotation by which a Service says what a ServiceEntry says with `exportTo`. */
export const EXPORT_TO = 'networking.istio.io/exportTo'

const readProtocol = (field: Field) => field.oneOf(PROTOCOLS, 'TCP').toLowerCase() as Port['protocol']

export function readService(root: Field, skip: Skip): Service {
  const meta = readMeta(root)
  root.at('metadata', 'name').label()
  const spec = root.at('spec')
  const external = spec.at('type').text('ClusterIP') === 'ExternalName'
  const clusterIps = spec.at('clusterIPs').absent ? [spec.at('clusterIP')] : spec.at('clusterIPs').items()
  const exportTo = root.at('metadata', 'annotations', EXPORT_TO).text('')
  return {
    kind: 'Service',
    namespace: meta.namespace,
    name: meta.name,
    vips: clusterIps.filter(ip => !ip.absent && ip.value !== '' && ip.value !== 'None').map(ip => ip.address()),
    ports: spec.at('ports').each(readServicePort, skip),
    selector: readSelector(spec.at('selector')),
    families: spec
      .at('ipFamilies')
      .items()
      .map(family => (family.oneOf(['IPv4', 'IPv6']) === 'IPv4' ? 4 : 16)),
    publishNotReady: spec.at('publishNotReadyAddresses').truth(false),
    alias: external ? spec.at('externalName').host() : undefined,
    exportTo: exportTo === '' ? undefined : exportTo.split(',').map(namespace => namespace.trim()),
  }
}

function readServicePort(item: Field): ServicePort {
  const number = item.at('port').port()
  const target = item.at('targetPort')
  return {
    name: item.at('name').text('').toLowerCase(),
    protocol: readProtocol(item.at('protocol')),
    number,
    target: target.absent ? number : typeof target.value === 'string' ? target.text() : target.port(),
  }
}

export function readEndpointSlice(root: Field, skip: Skip): EndpointSlice | undefined {
  const { namespace, name, labels } = readMeta(root)
  const type = root.at('addressType').oneOf(['IPv4', 'IPv6', 'FQDN'])
  if (type === 'FQDN') return undefined
  const size = type === 'IPv4' ? 4 : 16
  const endpoints = root.at('endpoints').each(item => readEndpoint(item, size, skip), skip)
  const ready = endpoints.filter(endpoint => endpoint.ready)
  const hostnames = ready.flatMap(({ hostname, addresses }) => addresses.map(() => hostname))
  const group: EndpointGroup = {
    // A port without number stands for all ports.
    ports: root
      .at('ports')
      .each(readSlicePort, skip)
      .filter(port => port !== undefined),
    size,
    addresses: ready.flatMap(endpoint => endpoint.addresses).join(''),
    ...(hostnames.some(hostname => hostname !== '') && { hostnames }),
  }
  return { kind: 'EndpointSlice', namespace, name, service: labels.get('kubernetes.io/service-name'), group }
}

function readSlicePort(item: Field): Port | undefined {
  if (item.at('port').absent) return undefined
  return {
    name: item.at('name').text('').toLowerCase(),
    protocol: readProtocol(item.at('protocol')),
    number: item.at('port').port(),
  }
}

function readEndpoint(item: Field, size: 4 | 16, skip: Skip) {
  return {
    addresses: item.at('addresses').each(address => address.address(size), skip),
    hostname: item.at('hostname').label(''),
    // Absent means unknown, which counts as ready; `publishNotReadyAddresses` is in it already.
    ready: item.at('conditions', 'ready').truth(true),
  }
}
