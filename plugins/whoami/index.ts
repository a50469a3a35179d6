/** *whoami* answers every query with the client's own address, port and transport. */
import { toOctets } from '#src/dns/address.ts'
import { keyOf, ROOT } from '#src/dns/name.ts'
import { type Sections, SectionsBuilder } from '#src/dns/sections.ts'
import { answer, type Plugin, type Query } from '#src/plugin.ts'

export const whoami: Plugin<void> = {
  name: 'whoami',
  parse: directive => directive.empty(),
  create: () => ({ wrap: () => query => answer(describeClient(query)) }),
}

/** An address record for the client, and its port in an SRV record under the transport's label; both additional. */
function describeClient({ key, client, transport }: Query): Sections {
  const sections = new SectionsBuilder(key).additional().address(key, 0, toOctets(client.address)!)
  const owner = keyOf([transport === 'udp' ? '_udp' : '_tcp'], key)
  // A name that is full has no room for one more label.
  if (owner.length <= 255) sections.srv(owner, 0, { priority: 0, weight: 0, port: client.port, target: ROOT })
  return sections.build()
}
