/** Services (core/v1), as the API server has them. */
import type { Place } from '../../registry/objects.ts'
import { Field, type Skip } from '../objects/field.ts'
import { readService } from '../objects/service.ts'
import { META } from './meta.ts'
import type { Service } from './objects.ts'
import { plainService, SERVICE_PORTS } from './plain-service.ts'
import type { ProtobufObject } from './protobuf-object.ts'
import { map, message, messages, readShape, shape, text, texts, truth } from './shape.ts'

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
  message(
    3,
    'status',
    shape(message(1, 'loadBalancer', shape(messages(1, 'ingress', shape(text(1, 'ip'), text(2, 'hostname')))))),
  ),
)

export function readClusterService(root: Field, skip: Skip): Omit<Service, 'version'> {
  const spec = root.at('spec')
  const ingress = root.at('status', 'loadBalancer', 'ingress')
  return {
    ...readService(root, skip),
    headless: (spec.at('clusterIPs').items()[0] ?? spec.at('clusterIP')).value === 'None',
    external: [
      ...spec.at('externalIPs').each((ip): Place => ({ address: ip.address() }), skip),
      ...ingress.each((item): Place => {
        const ip = item.at('ip')
        return ip.text('') === '' ? { target: item.at('hostname').host() } : { address: ip.address() }
      }, skip),
    ],
  }
}

/** At once where it is as most are, else with care. */
export const serviceFromProtobuf = (item: ProtobufObject, skip: Skip): Service =>
  plainService(item) ?? { ...readClusterService(new Field(readShape(item.open(), SERVICE)), skip), version: item.version }
