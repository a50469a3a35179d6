/** What leads from a name, in sentences for people. */
import { listAddresses } from '#src/dns/address.ts'
import { toText } from '#src/dns/name.ts'
import { type Found, type Lead, split } from './find.ts'

export const explain = (found: Found | undefined): string[] =>
  found
    ? found.leads.map(lead => `${nameOf(lead)} leads from ${toText(found.host)} to ${sayPlaces(lead)}`)
    : ['nothing leads anywhere from this name']

function nameOf({ object }: Lead): string {
  if (!object) return 'this server'
  const { kind, namespace, name } = object
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`
}

function sayPlaces(lead: Lead): string {
  const { addresses, targets } = split([lead])
  return [
    ...(addresses.size > 0 ? [listAddresses(addresses)] : []),
    ...Array.from(targets, toText),
    ...lead.texts.map(text => JSON.stringify(text)),
  ].join(' ')
}
