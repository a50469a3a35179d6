/** What leads from a name, in sentences for people. */
import { listAddresses } from '#src/dns/address.ts'
import { toText } from '#src/dns/name.ts'
import type { Found, Lead } from './find.ts'

export const explain = (found: Found | undefined): string[] =>
  found
    ? found.leads.map(lead => `${lead.name} leads from ${toText(found.host)} to ${sayPlaces(lead)}`)
    : ['nothing leads anywhere from this name']

function sayPlaces({ places, texts }: Lead): string {
  const addresses = places.flatMap(place => ('address' in place ? [place.address] : []))
  const targets = places.flatMap(place => ('target' in place ? [toText(place.target)] : []))
  return [
    ...(addresses.length > 0 ? [listAddresses(addresses)] : []),
    ...targets,
    ...texts.map(text => JSON.stringify(text)),
  ].join(' ')
}
