import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { messageFrom } from '#test/support/records.ts'
import { reply, truncated, zone } from '#test/support/scripts.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'
import { type FakeUpstream, startUpstream } from '#test/support/upstream.ts'

const external = (name: string, target: string) =>
  `apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { type: ExternalName, externalName: ${target} }\n---\n`

const entry = (host: string, resolution: string, endpoints: readonly string[] = []) => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${host} }
spec:
  hosts: [${host}]
  ports: [{ number: 443, name: https, protocol: TLS }]
  resolution: ${resolution}
  ${endpoints.length > 0 ? `endpoints: [${endpoints.map(address => `{ address: ${address} }`).join(', ')}]` : ''}
---
`

const MANIFEST = [
  external('web', 'www.example.org'),
  external('chain', 'web.default.svc.cluster.local'),
  external('round', 'about.default.svc.cluster.local'),
  external('about', 'round.default.svc.cluster.local'),
  external('gone', 'gone.example.org'),
  external('broken', 'broken.example.org'),
  external('cut', 'cut.example.org'),
  entry('merged.example.com', 'DNS', ['a.example.org', 'www.example.org', '192.0.2.99', 'gone.example.org']),
  entry('half.example.com', 'DNS', ['a.example.org', 'broken.example.org']),
  entry('cut.example.com', 'DNS', ['cut.example.org']),
  entry('none.example.com', 'DNS', ['gone.example.org']),
  entry('failing.example.com', 'DNS', ['gone.example.org', 'broken.example.org']),
  entry('self.example.com', 'DNS', ['self.example.com']),
  entry('both.example.com', 'DNS', ['both.example.com', 'a.example.org']),
  entry('"*.wild.example.com"', 'DNS', ['gate.wild.example.com']),
  entry('away.example.com', 'NONE'),
  entry('dns.example.com', 'DNS'),
  entry('in.cluster.local', 'NONE'),
].join('')

const records = zone(
  'www.example.org. 300 IN CNAME web.example.org.',
  'web.example.org. 200 IN A 192.0.2.1',
  'web.example.org. 200 IN AAAA 2001:db8::1',
  'a.example.org. 3 IN A 192.0.2.2',
  'a.example.org. 3 IN A 192.0.2.1',
  'self.example.com. 60 IN A 192.0.2.63',
  'self.example.com. 60 IN TXT "here"',
  'both.example.com. 60 IN A 192.0.2.64',
  'gate.wild.example.com. 60 IN A 192.0.2.65',
  'away.example.com. 60 IN A 192.0.2.60',
  'dns.example.com. 60 IN TXT "here"',
  'in.cluster.local. 60 IN A 192.0.2.61',
  'unknown.example.com. 60 IN A 192.0.2.62',
)

suite('what only the DNS knows', () => {
  let server: ServerProcess
  let upstream: FakeUpstream
  before(async () => {
    upstream = await startUpstream(asked => {
      if (asked.name === 'broken.example.org.') return messageFrom(asked.message, [], { rcode: 2 })
      return asked.name === 'cut.example.org.' ? truncated(reply(asked)) : records(asked)
    })
    // What is cut off over UDP is not to be had over TCP.
    upstream.faults.closeOnAccept = Number.POSITIVE_INFINITY
    server = await startServer(`.:0 {\n  errors\n  mesh {\n    source file mesh.yaml\n  }\n  forward . ${upstream.to}\n}\n`, {
      files: { 'mesh.yaml': MANIFEST },
    })
  })
  after(async () => {
    await server.stop()
    await upstream.stop()
  })

  const SVC = 'default.svc.cluster.local.'
  const WEB = ['www.example.org. 300 IN CNAME web.example.org.', 'web.example.org. 200 IN A 192.0.2.1']
  const cases: readonly [title: string, name: string, type: string, rcode: string, answer: readonly string[]][] = [
    ['an alias is told with what its target has', `web.${SVC}`, 'A', 'NOERROR', [`web.${SVC} 5 IN CNAME www.example.org.`, ...WEB]],
    ['in the other family, too', `web.${SVC}`, 'AAAA', 'NOERROR', [`web.${SVC} 5 IN CNAME www.example.org.`, WEB[0]!, 'web.example.org. 200 IN AAAA 2001:db8::1']],
    ['alone for other types', `web.${SVC}`, 'MX', 'NOERROR', [`web.${SVC} 5 IN CNAME www.example.org.`]],
    ['an alias of an alias', `chain.${SVC}`, 'A', 'NOERROR', [`chain.${SVC} 5 IN CNAME web.${SVC}`, `web.${SVC} 5 IN CNAME www.example.org.`, ...WEB]],
    ['an alias that leads back to itself fails', `round.${SVC}`, 'A', 'SERVFAIL', []],
    ['an alias of a name that does not exist', `gone.${SVC}`, 'A', 'NXDOMAIN', [`gone.${SVC} 5 IN CNAME gone.example.org.`]],
    ['an alias of a name that cannot be resolved fails', `broken.${SVC}`, 'A', 'SERVFAIL', []],
    ['endpoints that are names are merged, each address once, with the least TTL', 'merged.example.com.', 'A', 'NOERROR', ['merged.example.com. 3 IN A 192.0.2.1', 'merged.example.com. 3 IN A 192.0.2.2', 'merged.example.com. 3 IN A 192.0.2.99']],
    ['with the TTL of the mesh at most', 'merged.example.com.', 'AAAA', 'NOERROR', ['merged.example.com. 5 IN AAAA 2001:db8::1']],
    ['under the name as it was asked for', 'Merged.Example.com.', 'AAAA', 'NOERROR', ['Merged.Example.com. 5 IN AAAA 2001:db8::1']],
    ['an endpoint that cannot be resolved is left out', 'half.example.com.', 'A', 'NOERROR', ['half.example.com. 3 IN A 192.0.2.1', 'half.example.com. 3 IN A 192.0.2.2']],
    ['endpoints that do not exist leave no address', 'none.example.com.', 'A', 'NOERROR', []],
    ['no address because one cannot be resolved is a failure', 'failing.example.com.', 'A', 'SERVFAIL', []],
    ['a host whose one endpoint is its own name is passed on', 'self.example.com.', 'A', 'NOERROR', ['self.example.com. 60 IN A 192.0.2.63']],
    ['and so are questions for any other type', 'self.example.com.', 'TXT', 'NOERROR', ['self.example.com. 60 IN TXT "here"']],
    ['its own name beside others is what the DNS says of it', 'both.example.com.', 'A', 'NOERROR', ['both.example.com. 3 IN A 192.0.2.1', 'both.example.com. 3 IN A 192.0.2.2', 'both.example.com. 3 IN A 192.0.2.64']],
    ['and so is an endpoint that the wildcard itself covers', 'any.wild.example.com.', 'A', 'NOERROR', ['any.wild.example.com. 5 IN A 192.0.2.65']],
    ['which is asked for in the same way', 'gate.wild.example.com.', 'A', 'NOERROR', ['gate.wild.example.com. 5 IN A 192.0.2.65']],
    ['a host without location is passed on', 'away.example.com.', 'A', 'NOERROR', ['away.example.com. 60 IN A 192.0.2.60']],
    ['with every type', 'dns.example.com.', 'TXT', 'NOERROR', ['dns.example.com. 60 IN TXT "here"']],
    ['in the zone, too', 'in.cluster.local.', 'A', 'NOERROR', ['in.cluster.local. 60 IN A 192.0.2.61']],
    ['an unknown host outside the zone is passed on', 'unknown.example.com.', 'A', 'NOERROR', ['unknown.example.com. 60 IN A 192.0.2.62']],
    ['an unknown name in the zone is not', `unknown.${SVC}`, 'A', 'NXDOMAIN', []],
  ] // biome-ignore format: a table

  for (const [title, name, type, rcode, answer] of cases) {
    test(title, async () => {
      const reply = await server.query(name, type)
      const cnames = answer.filter(line => line.includes(' CNAME '))
      assert.deepEqual(reply.answer.slice(0, cnames.length), cnames, 'the chain comes first, in its order')
      assert.deepEqual([reply.rcode, reply.answer.toSorted()], [rcode, answer.toSorted()])
    })
  }

  for (const name of [`cut.${SVC}`, 'cut.example.com.'])
    test(`a reply that is cut off makes one that is: ${name}`, async () => {
      const { rcode, flags } = await server.query(name)
      assert.deepEqual([rcode, flags], ['NOERROR', 'qr aa tc rd'])
    })

  test('a failure is logged with its cause', async () => {
    assert.match(await server.waitForLine(/2 round\.default/), /plugin\/errors: 2 round\.default\.svc\.cluster\.local\. A: \S/)
  })
})
