/** A zone with all that signers treat in ways of its own. */
export const ZONE = `$TTL 300
@ 600 SOA ns hostmaster 7 7200 3600 1209600 900
@ NS ns
@ NS ns.outside.example.
@ MX 10 Mail
@ DNSKEY 256 3 8 AQPSKmynfzW4kyBv
@ CDS 1 8 2 2BB183AF5F22588179A53B0A98631FAD1A2921182BB183AF5F22588179A53B0A
@ NSEC a A NSEC
@ RRSIG A 8 2 300 20300101000000 20200101000000 60485 example.org. AQPSKmynfzW4kyBv
ns A 192.0.2.53
Mail A 192.0.2.25
mail AAAA 2001:db8::25
www A 192.0.2.11
www A 192.0.2.10
www A 192.0.2.10
two.labels.deep TXT "a" "b c"
*.wild A 192.0.2.20
*.wild MX 10 mail
known.wild AAAA 2001:db8::20
alias CNAME www
tonothing CNAME nothing
towild CNAME x.wild
topart CNAME txt
txt TXT "x"
_http._tcp SRV 0 5 80 WWW
svc HTTPS 1 . alpn=h2
dname DNAME target
below.dname A 192.0.2.62
www.target A 192.0.2.61
safe NS ns.safe
safe DS 12345 13 2 2BB183AF5F22588179A53B0A98631FAD1A2921182BB183AF5F22588179A53B0A
ns.safe A 192.0.2.54
unsafe NS ns.unsafe
unsafe A 192.0.2.55
ns.unsafe A 192.0.2.55
below.unsafe NS ns.unsafe
types TYPE731 \\# 3 abcdef
types CAA 0 issue "ca.example"
odd\\.label TXT "\\"\\\\\\200"
`
