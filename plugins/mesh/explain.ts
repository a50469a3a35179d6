/** What the registry knows about a name, in sentences for people. */
import { listAddresses } from '#src/dns/address.ts'
import { toText } from '#src/dns/name.ts'
import type { Name } from '#src/dns/name-hash.ts'
import type { Host } from '#src/registry/host.ts'
import { addressesOf, type HostRecord } from '#src/registry/record.ts'
import { Missing, type Registry, type TreeName } from '#src/registry/registry.ts'
import { isVisible, tellersOf } from '#src/registry/visibility.ts'

/**
 * @param sources their names, in the order of the sources
 * @param complete whether they have told everything
 * @param address of the client, as text
 */
export function explain(
  registry: Registry,
  sources: readonly string[],
  complete: boolean,
  name: Name,
  address: string,
): string[] {
  const client = registry.namespaceOf(address)
  const found = registry.find(name, registry.restricted ? client : undefined)
  const closest = registry.closest(name.key)
  const say = (host: Host | undefined): string[] => {
    const view = host?.seenFrom(client)
    const parts = host?.parts ?? []
    const records = parts.map(({ record }) => record)
    const tellers = tellersOf(records)
    const first = records.find(record => view?.counts(record))
    return parts.map(({ source, record }) => {
      const subject = `${named(record)}, from ${sources[source]}`
      if (!isVisible(record, client)) {
        const whose = client === '' ? `${address} is in no namespace that is known` : `${address} is in ${client}`
        return `${subject}, is exported to ${record.exportTo!.join(', ')} only, and ${whose}`
      }
      if (!tellers(record).some(teller => isVisible(teller, client)))
        return `${subject}, is hidden by its exportTo, which another source tells`
      if (!view?.counts(record)) return `${subject}, is not used: a ${named(first!)} has the same name`
      return subject + whatOf(record)
    })
  }
  if (!found || found instanceof Missing) {
    const missing = found
      ? `${toText(found.zone)} has no such name; the closest one that exists is ${toText(closest.key)}`
      : 'this is no name of the mesh'
    return [complete ? missing : 'no such name is known yet', ...say(nearest(closest))]
  }
  const host = found.host && registry.whole(found.host)
  // What the client does not see may stand before what it is answered from.
  const hidden = closest.key === name.key && closest.host !== host ? say(closest.host) : []
  if (!host || (host.key === name.key && !host.wildcard)) return [...hidden, ...say(host)]
  const relation = host.wildcard ? 'covered by the wildcard of names below' : 'a name of'
  return [...hidden, `${relation} ${toText(host.key)}`, ...say(host)]
}

/** Where nothing is found, what the client may not see: the host at the closest name, else the wildcard that covers it. */
function nearest(closest: TreeName): Host | undefined {
  if (closest.host) return closest.host
  for (let at: TreeName | undefined = closest; at; at = at.parent) if (at.wildcard) return at.wildcard
  return undefined
}

/** Of some hosts, istiod does not tell the namespace. */
const named = ({ kind, namespace }: HostRecord): string => (namespace === '' ? kind : `${kind} of namespace ${namespace}`)

/** What it is answered with, as the end of a sentence. */
function whatOf({ kind, alias, targets, elsewhere, groups, vips }: HostRecord): string {
  if (alias !== undefined) return `, is another name of ${toText(alias)}`
  const virtual = vips.length === 0 ? '' : `, virtual addresses: ${listAddresses(vips)}`
  if (elsewhere) return `, leaves its addresses to the DNS${virtual}`
  if (kind === 'Namespace') return ''
  const names = targets.length === 0 ? '' : `, endpoints by name: ${targets.map(({ name }) => toText(name)).join(' ')}`
  const ready = new Set(groups.flatMap(group => [...addressesOf(group)]))
  return `, ready endpoints: ${listAddresses(ready)}${names}${virtual}`
}
