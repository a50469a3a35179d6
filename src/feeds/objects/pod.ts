/** Pods and Namespaces (core/v1). */
import type { Namespace, Pod } from '../../registry/objects.ts'
import type { Field, Skip } from './field.ts'
import { hasCondition, readMeta } from './meta.ts'

export function readPod(root: Field, skip: Skip): Pod {
  const meta = readMeta(root)
  const spec = root.at('spec')
  const terminating = !root.at('metadata', 'deletionTimestamp').absent
  const ips = root.at('status', 'podIPs')
  const first = root.at('status', 'podIP')
  const ports = spec
    .at('containers')
    .items()
    .flatMap(container => container.at('ports').items())
    .filter(port => !port.at('name').absent)
  return {
    kind: 'Pod',
    ...meta,
    addresses: ips.absent ? (first.absent ? [] : [first.address()]) : ips.each(item => item.at('ip').address(), skip),
    // One that is being deleted leaves its services at once, as the endpoint slice controller has it.
    ready: hasCondition(root, 'Ready', 'True') && !terminating,
    terminating,
    hostname: spec.at('hostname').label(''),
    subdomain: spec.at('subdomain').label(''),
    ports: new Map(ports.map(port => [port.at('name').text(), port.at('containerPort').port()])),
  }
}

export function readNamespace(root: Field): Namespace {
  const name = root.at('metadata', 'name').label()
  return { kind: 'Namespace', namespace: name, name }
}
