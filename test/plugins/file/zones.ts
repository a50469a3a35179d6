import { typeCode } from '#test/support/names.ts'

/** Zones for the tests of *file*, by the names of their files. */
export const ZONE = `$ORIGIN example.org.
$TTL 300
@ 600 SOA ns1 hostmaster 7 7200 3600 1209600 600
@ NS ns1
@ NS ns.outside.example.
@ MX 10 mail
@ MX 20 mail.outside.example.
@ TXT "apex"
@ A 192.0.2.1
ns1 A 192.0.2.53
ns1 AAAA 2001:db8::53
mail A 192.0.2.25
mail AAAA 2001:db8::25
www A 192.0.2.10
www A 192.0.2.11
www AAAA 2001:db8::10
two.labels.deep A 192.0.2.12
txt TXT "a" "b c"
_http._tcp SRV 0 5 80 www
_http._tcp SRV 0 5 8080 www
_http._tcp SRV 1 5 80 www.outside.example.
svc HTTPS 1 www alpn=h2,h3
svc SVCB 0 mail
ptr PTR www
; aliases
alias CNAME www
alias2 CNAME alias
toapex CNAME @
tonothing CNAME nothing
totxt CNAME txt
toent CNAME deep
towild CNAME x.wild
todeleg CNAME www.sub
toout CNAME www.outside.example.
tofar CNAME gone.outside.example.
tofail CNAME fail.outside.example.
tonodata CNAME txt.outside.example.
tochain CNAME alias.outside.example.
toother CNAME www.example.net.
self CNAME self
loop1 CNAME loop2
loop2 CNAME loop1
${Array.from({ length: 14 }, (_, i) => `c${i} CNAME c${i + 1}`).join('\n')}
c14 A 192.0.2.14
; wildcards
*.wild A 192.0.2.20
*.wild TXT "wild"
*.wild MX 10 mail
known.wild AAAA 2001:db8::20
below.ent.wild A 192.0.2.21
*.walias CNAME www
*.wout CNAME www.outside.example.
*.went.walias.x A 192.0.2.22
a.*.wempty A 192.0.2.23
*.wmail MX 10 a.same.wmail
; another zone
sub NS ns1.sub
sub NS ns1
sub NS ns.outside.example.
ns1.sub A 192.0.2.54
ns1.sub AAAA 2001:db8::54
www.sub A 192.0.2.55
sub2 NS ns.sub2
*.sub2 A 192.0.2.56
; names that only that zone knows
deep.sub NS ns.deep.sub
dname.sub DNAME target
; names that are those of others
dname DNAME target
dname A 192.0.2.60
www.target A 192.0.2.61
alias.target CNAME www
dout DNAME outside.example.
dlong DNAME ${'x'.repeat(60)}.${'y'.repeat(60)}.${'z'.repeat(60)}.example.org.
below.dname A 192.0.2.62
dself DNAME dself
; other types
types CAA 0 issue "ca.example"
types NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example.org!" .
types HINFO PC "Linux 6"
types RP me.example.org. txt
types AFSDB 1 afs
types LOC 42 21 54 N 71 06 18 W -24m 30m
types LOC 52 14 05 N 00 08 50 E 10m 20m 3000m 0.5m
types SSHFP 2 1 123456789abcdef67890123456789abcdef67890
types TLSA 3 1 1 92003ba34942dc74152e2f2c408d29eca5a520e7f2e06bb944f4dca346baf63c
types URI 10 1 "https://example.org/"
types DNSKEY 256 3 8 AQPSKmynfzW4kyBv015MUG2DeIQ3
types CERT PGP 1 RSASHA1 AQPSKmynfzW4kyBv015MUG2DeIQ3
types OPENPGPKEY AQPSKmynfzW4kyBv015MUG2DeIQ3
types CSYNC 66 3 A NS AAAA
types EUI48 00-00-5e-00-53-2a
types EUI64 00-00-5e-ef-10-00-00-2a
types SMIMEA 3 1 1 abcd
types ZONEMD 7 1 1 c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c
types SPF "v=spf1 -all"
types SVCB 16 svc port=53 alpn="h2,h3" ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1 key667="x y" mandatory=alpn,port ech=AQID
types KX 10 kx
types DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=
types TYPE731 \\# 6 abcd ( ef 01 23 45 )
odd\\.label TXT "\\"\\\\\\200"
UPPER A 192.0.2.70
$GENERATE 1-3 gen\${0,3,d} A 192.0.2.$
`

export const OTHER = `@ 60 SOA ns hostmaster 1 2 3 4 30
@ 60 NS ns
ns 60 A 192.0.2.90
www 60 A 192.0.2.91
`

const signature = (covered: string) =>
  `RRSIG ${covered} 8 3 300 20300101000000 20200101000000 60485 signed.example. AQPSKmynfzW4kyBv`

/** Every record with a signature, which nobody has made with a key. */
const signed = (owner: string, next: string, ...records: readonly string[]) => {
  const types = [...new Set([...records.map(record => record.split(' ')[0]!), 'NSEC'])].sort((a, b) => typeCode(a) - typeCode(b))
  return [
    ...records,
    `NSEC ${next} ${[...types, 'RRSIG'].sort((a, b) => typeCode(a) - typeCode(b)).join(' ')}`,
    ...types.map(signature),
  ]
    .map(line => `${owner} ${line}`)
    .join('\n')
}

/** The names in their order (RFC 4034 §6.1). */
export const SIGNED = `$TTL 300
${[
  signed('@', '*.a', 'SOA ns hostmaster 7 7200 3600 1209600 600', 'NS ns', 'DNSKEY 256 3 8 AQPSKmynfzW4kyBv'),
  signed('*.a', 'b.a', 'A 192.0.2.1', 'TXT x'),
  signed('b.a', 'alias', 'A 192.0.2.2'),
  signed('alias', 'dname', 'CNAME www'),
  signed('dname', 'e.ent', 'DNAME a'),
  signed('e.ent', 'ns', 'A 192.0.2.3'),
  signed('ns', 'safe', 'A 192.0.2.53'),
  'safe NS ns.safe\nns.safe A 192.0.2.54',
  signed('safe', 'unsafe', 'DS 60485 8 2 2BB183AF5F22588179A53B0A98631FAD1A2921182BB183AF5F22588179A53B0A'),
  'unsafe NS ns.unsafe\nns.unsafe A 192.0.2.55',
  signed('unsafe', 'www'),
  signed('www', '@', 'A 192.0.2.10', 'AAAA 2001:db8::10', 'MX 10 www'),
].join('\n')}
`
