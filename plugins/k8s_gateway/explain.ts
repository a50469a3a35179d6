/** What leads from a name, in sentences for people. */
import { listAddresses } from '#src/dns/address.ts'
import { ASTERISK, parentOf, toText } from '#src/dns/name.ts'
import type { HostObject } from '#src/feeds/cluster-index/host-index.ts'
import { isRestricted } from '#src/registry/visibility.ts'
import type { Clusters } from './clusters.ts'
import { type Finding, type Found, isOf, leadsFrom, objectsOf, together } from './find.ts'

/** Objects that are told of. */
const MOST = 20

export function explainFound(clusters: Clusters, finding: Finding, found: Found, key: string, bare: string): string[] {
  const leads = leadsFrom(clusters, finding, found.host, key, bare)
  if (leads.length === 0) return [`this server ${sayFound(found)}`]
  return upToMost(leads, lead => `${nameOf(lead.object)} ${sayFound(together(found.host, [lead]))}`)
}

/** Why what has a host for this name leads nowhere from it. */
export function explainNothing(clusters: Clusters, finding: Finding, key: string, bare: string): string[] {
  const objects = [...objectsOf(clusters, key, bare)].filter(({ kind }) => finding.resources.some(resource => resource === kind))
  const reasons = upToMost(
    objects,
    object => `${nameOf(object)} has such a host, but ${reasonOf(clusters, finding, object, key)}`,
  )
  return ['nothing that is known leads anywhere from this name', ...reasons]
}

function reasonOf(clusters: Clusters, finding: Finding, object: HostObject, key: string): string {
  if (object.kind === 'Ingress' && !isOf(object.class, finding.ingressClasses))
    return `its class is '${object.class}', which does not count`
  if (object.kind === 'Ingress' && !object.hosts.some(host => host === key || host === ASTERISK + parentOf(key)))
    return 'there, * stands for one label'
  if (!('parents' in object)) return 'it has no address'
  const gateways = [...new Set(clusters.hosts.gatewaysFor(key)(object))]
  if (gateways.length === 0) return 'no listener of a known gateway takes it'
  const where = isRestricted(object.exportTo) ? ' in the namespaces of exportTo' : ''
  const reasons = upToMost(gateways, gateway =>
    gateway.kind === 'IstioGateway' || isOf(gateway.class, finding.gatewayClasses)
      ? `${nameOf(gateway)} has no address${where}`
      : `the class of ${nameOf(gateway)} is '${gateway.class}', which does not count`,
  )
  return reasons.join(', ')
}

function upToMost<T>(values: readonly T[], say: (value: T) => string): string[] {
  const said = values.slice(0, MOST).map(say)
  return values.length > MOST ? [...said, `and ${values.length - MOST} more`] : said
}

const nameOf = ({ kind, namespace, name }: Pick<HostObject, 'namespace' | 'name'> & { readonly kind: string }): string =>
  `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`

function sayFound({ host, addresses, targets, texts }: Found): string {
  const places = [
    ...(addresses.size > 0 ? [listAddresses(addresses)] : []),
    ...Array.from(targets, toText),
    ...Array.from(texts, text => JSON.stringify(text)),
  ]
  return `leads from ${toText(host)} to ${places.join(' ')}`
}
