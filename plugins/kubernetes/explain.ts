/** What the cluster knows about a name, in sentences for people. */
import { listAddresses } from '#src/dns/address.ts'
import { toText } from '#src/dns/name.ts'
import type { ImportedService, LocalService } from '#src/feeds/cluster-index/cluster-index.ts'
import type { ClusterView } from '#src/feeds/cluster-index/cluster-view.ts'
import { addressesOf } from '#src/registry/record.ts'
import { isReverse } from '#src/registry/reverse.ts'
import { readName } from './name.ts'
import type { Zone } from './zone.ts'

export function explain(view: ClusterView, zone: Zone, key: string): string[] {
  if (isReverse(key)) return []
  const name = readName(zone.labels(key), zone)
  if (!name) return [`no name of a cluster has such a form below ${toText(zone.key)}`]
  if (name.kind === 'empty') return []
  const absent = (what: string) => (view.waiting() === undefined ? `there is no ${what}` : `no ${what} is known yet`)
  if (!view.exposes(name.namespace)) {
    const exists = view.index.namespaces.has(name.namespace)
    return [exists ? `namespace ${name.namespace} is not among those it shows` : absent(`namespace ${name.namespace}`)]
  }
  if (name.kind !== 'service') return []
  const what = zone.multicluster ? 'ServiceImport' : 'Service'
  const node = zone.multicluster
    ? view.index.imports.find(name.namespace, name.name)
    : view.index.services.find(name.namespace, name.name)
  if (!node?.service) return [absent(`${what} ${name.namespace}/${name.name}`)]
  return [`${what} ${name.namespace}/${name.name}${sayService(node)}`]
}

function sayService({ service, slices }: LocalService | ImportedService): string {
  if (service && 'alias' in service && service.alias !== undefined) return ` is another name of ${toText(service.alias)}`
  const ready = new Set(slices.flatMap(({ group }) => [...addressesOf(group)]))
  const virtual = service!.headless ? 'headless' : `virtual addresses: ${listAddresses(service!.vips)}`
  return `, ${virtual}, ready endpoints: ${listAddresses(ready)}`
}
