/** Services (core/v1), as the API server has them. */
import { keyOf } from '../../dns/name.ts'
import { Field, type Skip } from '../objects/field.ts'
import type { Place } from '../objects/mesh-objects.ts'
import { readService } from '../objects/service.ts'
import { META } from './meta.ts'
import type { Outside, Service } from './objects.ts'
import { isIgnored, LOAD_BALANCER, readLoadBalancer, readPatterns } from './outside.ts'
import { plainService, RESOLVE_ENDPOINTS, SERVICE_PORTS } from './plain-service.ts'
import type { ProtobufObject } from './protobuf-object.ts'
import { map, message, readShape, shape, text, texts, truth } from './shape.ts'

const SERVICE = shape(
  message(1, 'metadata', META),
  message(
    2,
    'spec',
    shape(
      SERVICE_PORTS,
      map(2, 'selector'),
      text(3, 'clusterIP'),
      text(4, 'type'),
      texts(5, 'externalIPs'),
      text(10, 'externalName'),
      truth(13, 'publishNotReadyAddresses'),
      texts(18, 'clusterIPs'),
      texts(19, 'ipFamilies'),
    ),
  ),
  message(3, 'status', LOAD_BALANCER),
)

/** The annotations that say how a Service is called outside; the first that is there counts. */
const HOSTNAMES = ['coredns.io/hostname', 'external-dns.alpha.kubernetes.io/hostname']

export function readClusterService(root: Field, skip: Skip): Omit<Service, 'version'> {
  const spec = root.at('spec')
  const service = readService(root, skip)
  const ips = spec.at('externalIPs').each((ip): Place => ({ address: ip.address() }), skip)
  const balanced = readLoadBalancer(root, skip)
  return {
    ...service,
    headless: (spec.at('clusterIPs').items()[0] ?? spec.at('clusterIP')).value === 'None',
    external: [...ips, ...balanced],
    outside: readOutside(root, service, ips.length > 0 ? ips : balanced, skip),
  }
}

function readOutside(
  root: Field,
  { name, namespace }: { readonly name: string; readonly namespace: string },
  places: readonly Place[],
  skip: Skip,
): Outside | undefined {
  const annotations = root.at('metadata', 'annotations')
  const ignored = isIgnored(root)
  const endpoints = annotations.at(RESOLVE_ENDPOINTS).value === 'true' && !ignored
  if (!endpoints && places.length === 0) return undefined
  if (ignored || !(endpoints || root.at('spec', 'type').value === 'LoadBalancer')) return { hosts: [], places, endpoints }
  const said = HOSTNAMES.map(annotation => annotations.at(annotation)).find(({ absent }) => !absent)
  return { hosts: said ? readHostnames(said, skip) : [keyOf([name, namespace])], places, endpoints }
}

function readHostnames(field: Field, skip: Skip): string[] {
  const texts = field
    .text('')
    .split(',')
    .map(host => host.trim())
  return readPatterns(
    texts.map(host => new Field(host, field.path)),
    skip,
  )
}

/** At once where it is as most are, else with care. */
export const serviceFromProtobuf = (item: ProtobufObject, skip: Skip): Service =>
  plainService(item) ?? { ...readClusterService(new Field(readShape(item.open(), SERVICE)), skip), version: item.version }
