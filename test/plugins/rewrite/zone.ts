/** What the upstream of these tests answers. */
import { RCODE } from '#src/dns/codes.ts'
import { messageFrom } from '#test/support/records.ts'
import type { Script } from '#test/support/upstream.ts'

const soa = 'b.example. 60 IN SOA ns.b.example. mail.b.example. 1 7200 1800 86400 60'

/** Replies by name and type: answers, authority, additional. */
const replies: Readonly<
  Record<string, readonly [answer: readonly string[], authority?: readonly string[], additional?: readonly string[]]>
> = {
  'www.b.example. A': [['www.b.example. 300 IN A 192.0.2.1', 'www.b.example. 300 IN A 192.0.2.2']],
  'www.b.example. AAAA': [[], [soa]],
  'www.b.example. TXT': [['www.b.example. 300 IN TXT "text of www.b.example"']],
  'a.www.b.example. A': [['a.www.b.example. 300 IN A 192.0.2.3']],
  'alias.b.example. A': [['alias.b.example. 600 IN CNAME www.b.example.', 'www.b.example. 300 IN A 192.0.2.1']],
  'alias.b.example. CNAME': [['alias.b.example. 600 IN CNAME www.b.example.']],
  'far.b.example. A': [
    [
      'far.b.example. 600 IN CNAME near.b.example.',
      'near.b.example. 500 IN CNAME x.cdn.example.',
      'x.cdn.example. 400 IN A 192.0.2.9',
    ],
  ],
  'x.other.example. A': [['x.other.example. 50 IN CNAME y.other.example.', 'y.other.example. 40 IN A 192.0.2.7']],
  '_http._tcp.b.example. SRV': [
    ['_http._tcp.b.example. 300 IN SRV 1 2 80 www.b.example.', '_http._tcp.b.example. 300 IN SRV 1 2 80 x.cdn.example.'],
    ['b.example. 300 IN NS ns.b.example.'],
    ['www.b.example. 300 IN A 192.0.2.1', 'ns.b.example. 30 IN A 192.0.2.53'],
  ],
  'b.example. MX': [['b.example. 300 IN MX 10 mail.b.example.'], [], ['mail.b.example. 300 IN A 192.0.2.25']],
  'b.example. NS': [['b.example. 300 IN NS ns.b.example.']],
  'b.example. SOA': [[soa]],
  'b.example. DNAME': [['b.example. 300 IN DNAME other.b.example.']],
  'b.example. NAPTR': [['b.example. 300 IN NAPTR 1 2 "s" "http" "" www.b.example.']],
  'b.example. CAA': [['b.example. 300 IN CAA 0 "issue" "www.b.example"']],
  '1.2.0.192.in-addr.arpa. PTR': [['1.2.0.192.in-addr.arpa. 300 IN PTR www.b.example.']],
  'web.team-1.example. A': [['web.team-1.example. 5 IN A 192.0.2.4']],
}

/** NXDOMAIN with an SOA for any other name, SERVFAIL for those that begin with `fail`. */
export const script: Script = ({ message, name, type }) => {
  const reply = replies[`${name.toLowerCase()} ${type}`]
  if (reply) return messageFrom(message, reply[0], { authority: reply[1] ?? [], additional: reply[2] ?? [] })
  if (name.toLowerCase().startsWith('fail')) return messageFrom(message, [], { rcode: RCODE.SERVFAIL })
  return messageFrom(message, [], { rcode: RCODE.NXDOMAIN, authority: [soa] })
}
