/** Gateways and their routes (gateway.networking.k8s.io). */
import { ALL_NAMES } from '../../dns/name.ts'
import type { Field, Skip } from '../objects/field.ts'
import { idOf, type Place } from '../objects/mesh-objects.ts'
import { isConditionTrue, readMeta } from '../objects/meta.ts'
import type { Gateway, GatewayListener, ListenerSet, Route, RouteParent } from './objects.ts'
import { isIgnored, readPatterns } from './outside.ts'

export function readGateway(root: Field, skip: Skip): Omit<Gateway, 'version'> {
  const { namespace, name } = readMeta(root)
  const spec = root.at('spec')
  return {
    kind: 'Gateway',
    namespace,
    name,
    class: spec.at('gatewayClassName').text(''),
    listeners: readListeners(spec, namespace, skip),
    places: root
      .at('status', 'addresses')
      .each(readAddress, skip)
      .filter(place => place !== undefined),
  }
}

/** @returns undefined for one that its Gateway has not accepted */
export function readListenerSet(root: Field, skip: Skip): Omit<ListenerSet, 'version'> | undefined {
  if (!isConditionTrue(root, 'Accepted')) return undefined
  const { namespace, name } = readMeta(root)
  const spec = root.at('spec')
  const gateway = {
    kind: 'Gateway',
    namespace: spec.at('parentRef', 'namespace').text(namespace),
    name: spec.at('parentRef', 'name').text(),
  }
  return { kind: 'ListenerSet', namespace, name, listeners: readListeners(spec, namespace, skip), gateway: idOf(gateway) }
}

const readListeners = (spec: Field, namespace: string, skip: Skip): GatewayListener[] =>
  spec.at('listeners').each(item => {
    const host = item.at('hostname')
    return {
      name: item.at('name').text(''),
      port: readPort(item),
      host: host.text('') === '' ? ALL_NAMES : host.pattern(),
      // Which namespaces a selector selects, the status of the routes tells.
      namespace: item.at('allowedRoutes', 'namespaces', 'from').text('Same') === 'Same' ? namespace : '',
    }
  }, skip)

const readPort = (item: Field): number => (item.at('port').absent ? 0 : item.at('port').port())

/** @returns undefined for one of a type that only its controller knows */
function readAddress(item: Field): Place | undefined {
  const type = item.at('type').text('IPAddress')
  const value = item.at('value')
  if (type === 'IPAddress') return { address: value.address() }
  return type === 'Hostname' ? { target: value.host() } : undefined
}

export function readRoute(kind: Route['kind'], root: Field, skip: Skip): Omit<Route, 'version'> | undefined {
  if (isIgnored(root)) return undefined
  const { namespace, name } = readMeta(root)
  const hosts = root.at('spec', 'hostnames').items()
  const refused = root
    .at('status', 'parents')
    .items()
    .filter(isRefused)
    .map(parent => refOf(parent.at('parentRef'), namespace))
  return {
    kind,
    namespace,
    name,
    hosts: hosts.length === 0 ? [ALL_NAMES] : readPatterns(hosts, skip),
    parents: root
      .at('spec', 'parentRefs')
      .each(item => (refused.includes(refOf(item, namespace)) ? undefined : readParent(item, namespace)), skip)
      .filter(parent => parent !== undefined),
  }
}

/** Whether a gateway has said that it does not take the route. */
const isRefused = (parent: Field): boolean =>
  parent
    .at('conditions')
    .items()
    .some(condition => condition.at('type').value === 'Accepted' && condition.at('status').value === 'False')

/** What tells references to parents apart. */
const refOf = (item: Field, namespace: string): string =>
  JSON.stringify([
    item.at('group').text(GROUP),
    item.at('kind').text('Gateway'),
    item.at('namespace').text(namespace),
    item.at('name').text(),
    item.at('sectionName').text(''),
    item.at('port').value,
  ])

const GROUP = 'gateway.networking.k8s.io'

/** @returns undefined for one without listeners: a route within the mesh is attached to a Service */
function readParent(item: Field, own: string): RouteParent | undefined {
  const kind = item.at('kind').text('Gateway')
  if (item.at('group').text(GROUP) !== GROUP || !(kind === 'Gateway' || kind === 'ListenerSet')) return undefined
  return {
    id: idOf({ kind, namespace: item.at('namespace').text(own), name: item.at('name').text() }),
    listener: item.at('sectionName').text(''),
    port: readPort(item),
  }
}
