import { always, reply, zone } from '#test/support/scripts.ts'
import type { Script } from '#test/support/upstream.ts'

const SOA = 'example.org. 300 IN SOA ns.example.org. hostmaster.example.org. 1 7200 1800 86400 60'

const names = zone(
  SOA,
  'v4.example.org. 3600 IN A 192.0.2.1',
  'v6.example.org. 3600 IN AAAA 2001:db8::1',
  'both.example.org. 3600 IN A 192.0.2.1',
  'both.example.org. 3600 IN AAAA 64:ff9b::c000:201',
  'in.example.org. 3600 IN AAAA 64:ff9b::c000:221',
  'in.example.org. 3600 IN AAAA 2001:db8:c000:221::',
  'in.example.org. 3600 IN AAAA 2001:db8:122:344:c0:2:2100:0',
  'in.example.org. 3600 IN AAAA 2001:db8:122:344:1c0:2:2100:0',
  'short.example.org. 30 IN AAAA 64:ff9b::c000:201',
  'table.example.org. 3600 IN AAAA 2001:db8::7',
  'table.example.org. 3600 IN AAAA 2001:db8::8',
  'alias.example.org. 3600 IN CNAME in.example.org.',
  'dangling.example.org. 3600 IN CNAME gone.example.org.',
  'text.example.org. 3600 IN TXT none',
)

/** Answers to A, by the first label; those to AAAA are the zone's. */
const toA: Readonly<Record<string, Script>> = {
  refuses: always(5),
  fails: always(2),
  denies: always(3),
  // Without SOA.
  bare: asked => reply(asked),
}

/** The same for AAAA. */
const toAaaa: Readonly<Record<string, Script>> = {
  afails: always(2),
  arefuses: always(5),
  adenies: always(3),
  more: asked =>
    reply(asked, ['more.example.org. 60 IN AAAA 64:ff9b::c000:201'], {
      authority: ['example.org. 60 IN NS ns.example.org.'],
      additional: ['ns.example.org. 60 IN A 192.0.2.53'],
      flags: 0x0420,
    }),
}

/** Knows names of example.org, and gets others wrong. */
export const script: Script = asked => {
  const [label = ''] = asked.name.toLowerCase().split('.')
  const own = asked.type === 'A' ? toA[label] : asked.type === 'AAAA' ? toAaaa[label] : undefined
  if (own) return own(asked)
  if (toA[label] && asked.type === 'AAAA') return reply(asked, [`${asked.name} 3600 IN AAAA 64:ff9b::c000:207`])
  if (toAaaa[label]) return reply(asked, [], { authority: [SOA] })
  return names(asked)
}
