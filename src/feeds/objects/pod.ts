/** Pods and Namespaces (core/v1). */
import type { Field, Skip } from './field.ts'
import type { Namespace, Pod } from './mesh-objects.ts'
import { isConditionTrue, readLabels } from './meta.ts'

/** The phases in which a Pod runs no more. */
const ENDED = new Set(['Succeeded', 'Failed'])

const NONE: ReadonlyMap<string, never> = new Map<string, never>()

/** Where a Pod is, and nothing that would make it an endpoint. One that has ended is nowhere: another one may have its address. */
export function readPodPlace(root: Field, skip: Skip): Pod {
  return {
    kind: 'Pod',
    namespace: root.at('metadata', 'namespace').label('default'),
    name: root.at('metadata', 'name').text(),
    labels: NONE,
    addresses: ENDED.has(root.at('status', 'phase').text('')) ? [] : readAddresses(root.at('status'), skip),
    ready: false,
    terminating: !root.at('metadata', 'deletionTimestamp').absent,
    hostNetwork: root.at('spec', 'hostNetwork').truth(false),
    hostname: '',
    subdomain: '',
    ports: NONE,
  }
}

function readAddresses(status: Field, skip: Skip): string[] {
  const ips = status.at('podIPs')
  if (!ips.absent) return ips.each(item => item.at('ip').address(), skip)
  const first = status.at('podIP')
  return first.text('') === '' ? [] : [first.address()]
}

export function readPod(root: Field, skip: Skip): Pod {
  const place = readPodPlace(root, skip)
  const spec = root.at('spec')
  const ports = spec
    .at('containers')
    .items()
    .flatMap(container => container.at('ports').items())
    // In Protocol Buffers, what is not said is empty.
    .filter(port => port.at('name').text('') !== '')
  return {
    ...place,
    labels: readLabels(root.at('metadata', 'labels')),
    // One that is being deleted leaves its services at once, as the endpoint slice controller has it.
    ready: isConditionTrue(root, 'Ready') && !place.terminating,
    hostname: spec.at('hostname').label(''),
    subdomain: spec.at('subdomain').label(''),
    ports: new Map(ports.map(port => [port.at('name').text(), port.at('containerPort').port()])),
  }
}

export function readNamespace(root: Field): Namespace {
  const name = root.at('metadata', 'name').label()
  return { kind: 'Namespace', namespace: name, name }
}
