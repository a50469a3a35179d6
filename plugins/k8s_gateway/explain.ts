/** What leads from a name, in sentences for people. */
import { listAddresses } from '#src/dns/address.ts'
import { toText } from '#src/dns/name.ts'
import { type Found, type Lead, split } from './find.ts'

export const explain = (found: Found | undefined): string[] =>
  found
    ? found.leads.map(lead => `${lead.name} leads from ${toText(found.host)} to ${sayPlaces(lead)}`)
    : ['nothing leads anywhere from this name']

function sayPlaces({ places, texts }: Lead): string {
  const { addresses, targets } = split(places)
  return [
    ...(addresses.length > 0 ? [listAddresses(addresses)] : []),
    ...targets.map(toText),
    ...texts.map(text => JSON.stringify(text)),
  ].join(' ')
}
