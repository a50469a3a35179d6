import type { Port } from '../../registry/record.ts'
import type { Field, Skip } from '../objects/field.ts'
import { readMeta } from '../objects/meta.ts'
import type { ServiceImport } from './objects.ts'

/** A ServiceImport (multicluster.x-k8s.io): a Service that several clusters have, under one name. */
export function readServiceImport(root: Field, skip: Skip): Omit<ServiceImport, 'version'> {
  const { namespace, name } = readMeta(root)
  const spec = root.at('spec')
  return {
    kind: 'ServiceImport',
    namespace,
    name,
    headless: spec.at('type').text('ClusterSetIP') === 'Headless',
    vips: spec.at('ips').each(ip => ip.address(), skip),
    ports: spec.at('ports').each(readPort, skip),
  }
}

const readPort = (item: Field): Port => ({
  name: item.at('name').text('').toLowerCase(),
  protocol: item.at('protocol').oneOf(['TCP', 'UDP', 'SCTP'], 'TCP').toLowerCase() as Port['protocol'],
  number: item.at('port').port(),
})
