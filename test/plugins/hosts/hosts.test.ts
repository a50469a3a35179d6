import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Answer } from '#test/support/message.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'

const FILE = `
# comment
192.0.2.1   www.example.org web.example.org  # more
192.0.2.2   WWW.Example.ORG
2001:db8::1 www.example.org six.example.org
192.0.2.3   *.apps.example.org
2001:db8::3 named.apps.example.org
192.0.2.1   www.example.org
fe80::1%lo0 link.example.org
::ffff:192.0.2.9 mapped.example.org
192.0.2.4   outside.example.net __proto__.example.org a\\.b.example.org caf\\195\\169.example.org
192.0.2
not-an-address www.example.org
192.0.2.5   bad..name.example.org good.example.org
192.0.2.6   example.org
`

type Expected = Partial<Pick<Answer, 'rcode' | 'answer'>>

/** Passed on: whoami answers. */
const NEXT: Expected = {}

const cases: readonly [name: string, type: string, expected: Expected][] = [
  ['www.example.org.', 'A', { answer: ['www.example.org. 60 IN A 192.0.2.1', 'www.example.org. 60 IN A 192.0.2.2', 'www.example.org. 60 IN A 192.0.2.7'] }],
  ['WwW.example.org.', 'AAAA', { answer: ['WwW.example.org. 60 IN AAAA 2001:db8::1'] }],
  ['www.example.org.', 'TXT', {}],
  ['www.example.org.', 'PTR', NEXT],
  ['web.example.org.', 'AAAA', {}],
  ['six.example.org.', 'A', {}],
  ['example.org.', 'A', { answer: ['example.org. 60 IN A 192.0.2.6'] }],
  ['link.example.org.', 'AAAA', { answer: ['link.example.org. 60 IN AAAA fe80::1'] }],
  ['mapped.example.org.', 'A', { answer: ['mapped.example.org. 60 IN A 192.0.2.9'] }],
  ['good.example.org.', 'A', { answer: ['good.example.org. 60 IN A 192.0.2.5'] }],
  ['inline.example.org.', 'A', { answer: ['inline.example.org. 60 IN A 192.0.2.7'] }],
  ['any.apps.example.org.', 'A', { answer: ['any.apps.example.org. 60 IN A 192.0.2.3'] }],
  ['any.apps.example.org.', 'AAAA', {}],
  ['named.apps.example.org.', 'AAAA', { answer: ['named.apps.example.org. 60 IN AAAA 2001:db8::3'] }],
  ['named.apps.example.org.', 'A', { answer: ['named.apps.example.org. 60 IN A 192.0.2.3'] }],
  ['*.apps.example.org.', 'A', { answer: ['*.apps.example.org. 60 IN A 192.0.2.3'] }],
  ['two.any.apps.example.org.', 'A', { rcode: 'SERVFAIL' }],
  ['apps.example.org.', 'A', { rcode: 'SERVFAIL' }],
  ['unknown.example.org.', 'A', { rcode: 'SERVFAIL' }],
  ['unknown.example.org.', 'TXT', { rcode: 'SERVFAIL' }],
  ['__proto__.example.org.', 'A', { answer: ['__proto__.example.org. 60 IN A 192.0.2.4'] }],
  ['constructor.example.org.', 'A', { rcode: 'SERVFAIL' }],
  ['a\\.b.example.org.', 'A', { answer: ['a\\.b.example.org. 60 IN A 192.0.2.4'] }],
  ['a.b.example.org.', 'A', { rcode: 'SERVFAIL' }],
  ['caf\\195\\169.example.org.', 'A', { answer: ['caf\\195\\169.example.org. 60 IN A 192.0.2.4'] }],
  ['1.2.0.192.in-addr.arpa.', 'PTR', { answer: ['1.2.0.192.in-addr.arpa. 60 IN PTR www.example.org.', '1.2.0.192.in-addr.arpa. 60 IN PTR web.example.org.'] }],
  ['1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.', 'PTR', {
    answer: ['www', 'six'].map(name => `1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 60 IN PTR ${name}.example.org.`),
  }],
  ['3.2.0.192.in-addr.arpa.', 'PTR', NEXT],
  ['1.2.0.192.in-addr.arpa.', 'A', NEXT],
  ['outside.example.net.', 'A', NEXT],
] // biome-ignore format: a table

suite('hosts', () => {
  let server: ServerProcess
  before(async () => {
    server = await startServer(
      `.:0 {
        hosts hosts.txt example.org {
          192.0.2.7 inline.example.org www.example.org
          ttl 60
        }
        whoami
      }`,
      { files: { 'hosts.txt': FILE } },
    )
  })
  after(() => server.stop())

  for (const [name, type, expected] of cases) {
    const passedOn = expected === NEXT
    test(`${name} ${type}${passedOn ? ' goes to the next plugin' : ''}`, async () => {
      for (const ask of [server.query, server.queryTcp]) {
        const { rcode, flags, answer, authority, additional } = await ask.call(server, name, type)
        if (passedOn) assert.equal(additional.length, 2)
        else {
          const aa = expected.rcode === 'SERVFAIL' ? 'qr rd' : 'qr aa rd'
          assert.deepEqual(
            { rcode, flags, answer, authority, additional },
            { rcode: 'NOERROR', flags: aa, answer: [], authority: [], additional: [], ...expected },
          )
        }
      }
    })
  }

  test('lines of the file that say nothing are told', async () => {
    const line = await server.waitForLine(/neither an address nor a name/)
    assert.match(line, /\[WARNING\] plugin\/hosts: .*hosts\.txt:12: "192\.0\.2" .*3/)
  })
})
