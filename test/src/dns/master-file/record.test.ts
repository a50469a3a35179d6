import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readRecord } from '#src/dns/master-file/record.ts'
import { toKey } from '#src/dns/name.ts'

const wire = (name: string) => Buffer.from(toKey(name), 'latin1').toString('hex')
const hex = (text: string) => Buffer.from(text, 'latin1').toString('hex')

/** Type and data of a record, and the octets of the data: those of the RFCs' examples where they give some, else by hand from their field diagrams. */
const data: readonly (readonly [text: string, hex: string])[] = [
  ['A 192.0.2.1', 'c0000201'],
  ['aaaa 2001:db8::1', '20010db8000000000000000000000001'],
  ['NS ns.example.', wire('ns.example.')],
  ['DNAME example.', wire('example.')],
  ['SOA ns.example. host\\.master.example. 4294967295 2h 30M 1d1h 5', `${wire('ns.example.')}${wire('host\\.master.example.')}ffffffff00001c200000070800015f9000000005`],
  ['MX 10 mail.example.', `000a${wire('mail.example.')}`],
  ['KX 1 kx.example.', `0001${wire('kx.example.')}`],
  ['AFSDB 1 db.example.', `0001${wire('db.example.')}`],
  ['MB host.example.', wire('host.example.')],
  ['NSAP-PTR host.example.', wire('host.example.')],
  ['MINFO a.example. b.example.', `${wire('a.example.')}${wire('b.example.')}`],
  ['RT 2 relay.example.', `0002${wire('relay.example.')}`],
  ['PX 10 a.example. b.example.', `000a${wire('a.example.')}${wire('b.example.')}`],
  ['LP 10 l64.example.', `000a${wire('l64.example.')}`],
  ['X25 311061700956', `0c${hex('311061700956')}`],
  ['RESINFO qnamemin exterr=15-17', `08${hex('qnamemin')}0c${hex('exterr=15-17')}`],
  ['TA 60485 5 1 2BB1', 'ec4505012bb1'],
  ['RKEY 0 255 1 AQID', '0000ff01010203'],
  ['RP me.example. .', `${wire('me.example.')}00`],
  ['TXT one "two words" "" "q\\"\\\\\\200"', `03${hex('one')}09${hex('two words')}0004${hex('q"\\')}c8`],
  [`TXT ${'x'.repeat(300)}`, `ff${'78'.repeat(255)}2d${'78'.repeat(45)}`],
  ['TXT é', '02c3a9'],
  ['SPF "v=spf1 -all"', `0b${hex('v=spf1 -all')}`],
  ['HINFO PC "Linux"', `02${hex('PC')}05${hex('Linux')}`],
  ['SRV 0 100 8080 web.example.', `000000641f90${wire('web.example.')}`],
  ['NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example.org!" .', `0064000a01${hex('u')}07${hex('E2U+sip')}1b${hex('!^.*$!sip:info@example.org!')}00`],
  ['CAA 128 issue "example.net; a=b"', `8005${hex('issue')}${hex('example.net; a=b')}`],
  ['URI 10 1 "https://example.org/"', `000a0001${hex('https://example.org/')}`],
  ['DS 60485 RSASHA1 1 2BB183AF5F22588179A53B0A 98631FAD1A292118', 'ec4505012bb183af5f22588179a53b0a98631fad1a292118'],
  ['DNSKEY 256 3 5 AQPS kmyn', '010003050103d2926ca7'],
  ['RRSIG A 5 3 86400 20030322173103 20030220173103 2642 example.com. oJB1', `00010503000151803e7c9dd73e5510d70a52${wire('example.com.')}a09075`],
  ['NSEC host.example.com. ( A MX RRSIG NSEC TYPE1234 )', `${wire('host.example.com.')}0006400100000003041b${'00'.repeat(26)}20`],
  ['NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY', `0101000c04aabbccdd14174eb2409fe28bcb4887a1836f957f0a8425e27b000700010000000080`],
  ['NSEC3PARAM 1 0 0 -', '0100000000'],
  ['CSYNC 66 3 A NS AAAA', '000000420003000460000008'],
  ['SSHFP 2 1 123456789abcdef67890123456789abcdef67890', '0201123456789abcdef67890123456789abcdef67890'],
  ['TLSA 1 1 2 92 00 30', '010102920030'],
  ['CERT PGP 0 0 AQID', '0003000000010203'],
  ['OPENPGPKEY AQID', '010203'],
  ['DHCID AQID', '010203'],
  ['EUI48 00-00-5e-00-53-2a', '00005e00532a'],
  ['EUI64 00-00-5e-ef-10-00-00-2a', '00005eef1000002a'],
  // RFC 9460 appendix D.
  ['HTTPS 0 foo.example.com.', `0000${wire('foo.example.com.')}`],
  ['SVCB 1 .', '000100'],
  ['SVCB 16 foo.example.com. port=53', `0010${wire('foo.example.com.')}000300020035`],
  ['SVCB 1 foo.example.com. key667=hello', `0001${wire('foo.example.com.')}029b000568656c6c6f`],
  ['SVCB 1 foo.example.com. key667="hello\\210qoo"', `0001${wire('foo.example.com.')}029b000968656c6c6fd2716f6f`],
  ['SVCB 1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1"', `0001${wire('foo.example.com.')}0006002020010db800000000000000000000000120010db8000000000000000000530001`],
  ['SVCB 16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1', `0010${wire('foo.example.org.')}0000000400010004000100090268320568332d313900040004c0000201`],
  ['SVCB 16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"', `0010${wire('foo.example.org.')}0001000c08665c6f6f2c626172026832`],
  ['SVCB 16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2', `0010${wire('foo.example.org.')}0001000c08665c6f6f2c626172026832`],
  ['HTTPS 1 . no-default-alpn alpn=h3 ech="AQID"', '000100000100030268330002000000050003010203'],
  // RFC 1876 §4.
  ['LOC 42 21 54 N 71 06 18 W -24m 30m', '0033161389172dd070be15f000988d20'],
  ['LOC 52 14 05 N 00 08 50 E 10m', '001216138b3556c88008165000989a68'],
  ['TYPE731 \\# 6 abcd ( ef 01 23 45 )', 'abcdef012345'],
  ['TYPE62347 \\# 0', ''],
  ['A \\# 4 0A000001', '0a000001'],
  ['TYPE15 \\# 5 0001 016100', '0001016100'],
  ['SOA \\# 22 0000 0000000100000002000000030000000400000005', '00000000000100000002000000030000000400000005'],
  ['TYPE65 \\# 10 0001 00 0001 0003 02 6833', '00010000010003026833'],
  ['TXT \\# 3 0161 00', '016100'],
] // biome-ignore format: a table

suite('record data', () => {
  for (const [text, octets] of data) {
    test(text.slice(0, 80), () => assert.equal(hex(readRecord(`example.org. 300 IN ${text}`).data), octets))
  }
})

test('owner, TTL, class and type', () => {
  const told = (line: string) => {
    const { owner, type, class: code, ttl } = readRecord(line)
    return [owner, type, code, ttl]
  }
  const key = toKey('www.example.org')
  for (const line of ['300 IN', 'IN 300', '5m in', '4M60', '2m3m', 'CLASS1 300'])
    assert.deepEqual(told(`WWW.example.org ${line} A 192.0.2.1 ; comment`), [key, 1, 1, 300], line)
  assert.deepEqual(told('www.example.org. TYPE1 192.0.2.1'), [key, 1, 1, 3600])
  assert.deepEqual(told('\\119ww.example.org CH 0 A 192.0.2.1'), [key, 1, 3, 0])
  assert.deepEqual(told('. 2147483647 A 192.0.2.1'), ['\0', 1, 1, 2147483647])
})

const bad: readonly (readonly [line: string, reason: RegExp])[] = [
  ['', /^no record$/],
  ['; nothing', /^no record$/],
  ['a A 192.0.2.1\na A 192.0.2.2', /more than one record/],
  [' A 192.0.2.1', /no owner before it/],
  ['a', /TYPE is missing/],
  ['a 300 IN', /TYPE is missing/],
  ['a 300 300 A 192.0.2.1', /no record type: '300'/],
  ['a 2147483648 A 192.0.2.1', /no record type: '2147483648'/],
  // There are 2⁵⁹ ways to cut it into numbers.
  [`a ${'1'.repeat(60)}x A 192.0.2.1`, /no record type: '1+x'/],
  ['a IN IN A 192.0.2.1', /no record type: 'IN'/],
  ['a BOGUS x', /no record type: 'BOGUS'/],
  ['a TYPE65536 \\# 0', /no record type/],
  ['a ANY x', /no record/],
  ['a OPT \\# 0', /no record has type 41/],
  ['a AXFR', /no record has type 252/],
  ['a..b A 192.0.2.1', /empty label/],
  [`${'x'.repeat(64)} A 192.0.2.1`, /longer than 63 octets/],
  ['a A 192.0.2', /ADDRESS must be an IPv4 address: '192.0.2'/],
  ['a A', /ADDRESS is missing/],
  ['a A 192.0.2.1 x', /too much data for A: 'x'/],
  ['a AAAA 192.0.2.1', /ADDRESS must be an IPv6 address/],
  ['a MX 65536 b', /PREFERENCE must be a whole number of at most 65535/],
  ['a MX -1 b', /PREFERENCE must be a whole number/],
  ['a TXT', /TEXT is missing/],
  ['a TXT "open', /quote that is not closed/],
  ['a TXT x\\', /backslash at the end/],
  ['a TXT \\256', /is no octet/],
  ['a TXT ( x', /parenthesis that is not closed/],
  ['a TXT x )', /closing parenthesis that none opens/],
  ['a TXT ( ( x ) )', /parenthesis within parentheses/],
  [`a HINFO ${'x'.repeat(256)} y`, /CPU is longer than 255 octets/],
  ['a DS 1 8 2 ABC', /DIGEST must be pairs of hexadecimal digits/],
  ['a OPENPGPKEY A*B', /KEY must be base64/],
  ['a NSEC b A BOGUS', /no record type: 'BOGUS'/],
  ['a SVCB 1 . port', /'port' takes a value/],
  ['a SVCB 1 . port=1 port=2', /'port' is there twice/],
  ['a SVCB 1 . no-default-alpn=x', /takes no value/],
  ['a SVCB 1 . bogus=x', /no service parameter: 'bogus'/],
  ['a SVCB 1 . ipv4hint=::1', /not an IPv4 address: '::1'/],
  ['a LOC 91 N 0 E 0', /LATITUDE must be a whole number of at most 90/],
  ['a LOC 1 2 3 4 N 0 E 0', /LATITUDE must be DEGREES/],
  ['a EUI48 00-00', /6 pairs of hexadecimal digits/],
  ['a TYPE731 x', /\\# LENGTH HEX/],
  ['a TYPE731 \\# 2 00', /HEX has 1 octets, LENGTH says 2/],
  ['a A \\# 6 0A0000010000', /HEX is not what the fields/],
  ['a NS \\# 0', /HEX is not what the fields/],
  ['a NS \\# 2 0000', /HEX is not what the fields/],
  ['a NS \\# 3 026100', /HEX is not what the fields/],
  ['a NS \\# 2 c00c', /HEX is not what the fields/],
  [`a NS \\# 256 ${'0161'.repeat(127)}0000`, /HEX is not what the fields/],
  ['a MX \\# 2 0001', /HEX is not what the fields/],
  ['a TXT \\# 0', /HEX is not what the fields/],
  ['a TXT \\# 3 016102', /HEX is not what the fields/],
  ['a NAPTR \\# 6 010000000500', /HEX is not what the fields/],
  ['a DS \\# 3 000108', /HEX is not what the fields/],
] // biome-ignore format: a table

suite('a line that is not accepted', () => {
  for (const [line, reason] of bad) {
    test(line.slice(0, 80) || 'nothing', () =>
      assert.throws(() => readRecord(line), { name: /RangeError|Error/, message: reason }),
    )
  }
})
