import { always, delayed, reply, zone } from '#test/support/scripts.ts'
import type { Script } from '#test/support/upstream.ts'

const names = zone(
  'example.org. 300 IN SOA ns.example.org. hostmaster.example.org. 1 7200 1800 86400 60',
  'v4.example.org. 3600 IN A 192.0.2.1',
  'v4.example.org. 3600 IN A 198.51.100.2',
  'short.example.org. 30 IN A 192.0.2.1',
  'v6.example.org. 3600 IN AAAA 2001:db8::1',
  'both.example.org. 3600 IN A 192.0.2.1',
  'both.example.org. 3600 IN AAAA 2001:db8::1',
  'alias.example.org. 3600 IN CNAME v4.example.org.',
  'dangling.example.org. 3600 IN CNAME gone.example.org.',
  'text.example.org. 3600 IN TXT none',
  'mapped.example.org. 3600 IN A 192.0.2.1',
  'mapped.example.org. 3600 IN AAAA ::ffff:10.0.0.1',
  'some.example.org. 3600 IN A 192.0.2.1',
  'some.example.org. 3600 IN AAAA ::ffff:10.0.0.1',
  'some.example.org. 3600 IN AAAA 2001:db8::1',
  'some.example.org. 3600 IN AAAA ::',
  'private.example.org. 3600 IN A 10.0.0.1',
  'ipv4only.arpa. 3600 IN A 192.0.0.170',
  'ipv4only.arpa. 3600 IN A 192.0.0.171',
)

/** Answers to AAAA, by the first label; those to A are the zone's. */
const toAaaa: Readonly<Record<string, Script>> = {
  refuses: always(5),
  fails: always(2),
  formerr: always(1),
  denies: always(3),
  // Without SOA.
  bare: asked => reply(asked),
  slow: delayed(20, asked => reply(asked)),
}

/** As {@link toAaaa}, to A. */
const toA: Readonly<Record<string, Script>> = {
  afails: always(2),
  arefuses: always(5),
  more: asked =>
    reply(asked, ['more.example.org. 60 IN A 192.0.2.1'], {
      authority: ['example.org. 60 IN NS ns.example.org.'],
      additional: ['ns.example.org. 60 IN A 192.0.2.53'],
      flags: 0x0420,
    }),
}

/** Knows names of example.org, and gets others wrong. */
export const script: Script = asked => {
  const [label = ''] = asked.name.toLowerCase().split('.')
  if (asked.type === 'AAAA' && toAaaa[label]) return toAaaa[label](asked)
  if (asked.type === 'A' && toA[label]) return toA[label](asked)
  if (asked.type === 'A' && toAaaa[label]) return reply(asked, [`${asked.name} 3600 IN A 192.0.2.7`])
  if (toA[label])
    return reply(asked, [], {
      authority: ['example.org. 300 IN SOA ns.example.org. hostmaster.example.org. 1 7200 1800 86400 60'],
    })
  return names(asked)
}
