import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Answer } from '#test/support/message.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'

const EXAMPLE = fileURLToPath(new URL('../../../examples/mesh', import.meta.url))
const CLUSTER = 'default.svc.cluster.local.'

const corefile = (options = '') => `.:0 {
  mesh cluster.local 10.in-addr.arpa {
    source file ${EXAMPLE}
    ${options}
  }
  whoami
}
`

type Case = readonly [name: string, type: string, expected: string | readonly string[]]

/** Records without TTL and class, those of the additional section last; or `NXDOMAIN`, `NODATA`, `next`. */
function told({ rcode, answer, authority, additional }: Answer): string | readonly string[] {
  if (answer.length === 0 && additional.length === 2) return 'next'
  const denied = authority.length === 1 && / SOA ns\.dns\./.test(authority[0]!)
  if (answer.length === 0) return rcode === 'NXDOMAIN' && denied ? 'NXDOMAIN' : rcode === 'NOERROR' && denied ? 'NODATA' : rcode
  for (const line of [...answer, ...additional]) assert.match(line, /^\S+ 5 IN /)
  return [...answer, ...additional].map(line => line.replace(' 5 IN', '')).sort()
}

const run = (title: string, options: string, cases: readonly Case[]) =>
  suite(title, () => {
    let server: ServerProcess
    before(async () => {
      server = await startServer(corefile(options))
    })
    after(() => server.stop())
    for (const [name, type, expected] of cases) {
      test(`${name} ${type}`, async () => {
        const reply = await server.query(name, type)
        assert.deepEqual(told(reply), expected)
        assert.equal(reply.flags, 'qr aa rd')
      })
    }
  })

run('the example mesh with its endpoints', '', [
  [`backend.${CLUSTER}`, 'A', [`backend.${CLUSTER} A 10.244.1.11`, `backend.${CLUSTER} A 10.244.2.12`]],
  [`BackEnd.${CLUSTER}`, 'A', [`BackEnd.${CLUSTER} A 10.244.1.11`, `BackEnd.${CLUSTER} A 10.244.2.12`]],
  [`backend.${CLUSTER}`, 'AAAA', 'NODATA'],
  [`backend.${CLUSTER}`, 'HTTPS', 'NODATA'],
  [`backend.${CLUSTER}`, 'ANY', [`backend.${CLUSTER} A 10.244.1.11`, `backend.${CLUSTER} A 10.244.2.12`]],
  [`frontend.${CLUSTER}`, 'A', [`frontend.${CLUSTER} A 10.244.1.21`, `frontend.${CLUSTER} A 10.244.2.22`]],
  [`_http._tcp.frontend.${CLUSTER}`, 'SRV', [
    `10-244-1-21.frontend.${CLUSTER} A 10.244.1.21`,
    `10-244-2-22.frontend.${CLUSTER} A 10.244.2.22`,
    `_http._tcp.frontend.${CLUSTER} SRV 0 50 8080 10-244-1-21.frontend.${CLUSTER}`,
    `_http._tcp.frontend.${CLUSTER} SRV 0 50 8080 10-244-2-22.frontend.${CLUSTER}`,
  ]],
  [`db.${CLUSTER}`, 'A', [`db.${CLUSTER} A 10.244.1.31`, `db.${CLUSTER} A 10.244.2.32`]],
  [`db-0.db.${CLUSTER}`, 'A', [`db-0.db.${CLUSTER} A 10.244.1.31`]],
  [`db-2.db.${CLUSTER}`, 'A', 'NXDOMAIN'],
  [`_grpc._tcp.db.${CLUSTER}`, 'SRV', [
    `_grpc._tcp.db.${CLUSTER} SRV 0 50 26257 db-0.db.${CLUSTER}`,
    `_grpc._tcp.db.${CLUSTER} SRV 0 50 26257 db-1.db.${CLUSTER}`,
    `db-0.db.${CLUSTER} A 10.244.1.31`,
    `db-1.db.${CLUSTER} A 10.244.2.32`,
  ]],
  ['cart.shop.svc.cluster.local.', 'A', ['cart.shop.svc.cluster.local. A 10.244.1.41']],
  ['cart.shop.svc.cluster.local.', 'AAAA', ['cart.shop.svc.cluster.local. AAAA fd00:10:244:1::41']],
  [`partner.${CLUSTER}`, 'A', ['partner.default.svc.cluster.local. CNAME payments.example.com.', 'payments.example.com. A 192.0.2.10', 'payments.example.com. A 192.0.2.11']],
  [`partner.${CLUSTER}`, 'AAAA', ['partner.default.svc.cluster.local. CNAME payments.example.com.', 'payments.example.com. AAAA 2001:db8::10']],
  [`partner.${CLUSTER}`, 'CNAME', ['partner.default.svc.cluster.local. CNAME payments.example.com.']],
  [`partner.${CLUSTER}`, 'TXT', ['partner.default.svc.cluster.local. CNAME payments.example.com.']],
  ['payments.example.com.', 'TXT', 'NODATA'],
  ['_https._tcp.payments.example.com.', 'SRV', [
    '192-0-2-10.payments.example.com. A 192.0.2.10',
    '192-0-2-11.payments.example.com. A 192.0.2.11',
    '2001-db8--10.payments.example.com. AAAA 2001:db8::10',
    '_https._tcp.payments.example.com. SRV 0 33 8443 192-0-2-10.payments.example.com.',
    '_https._tcp.payments.example.com. SRV 0 33 8443 192-0-2-11.payments.example.com.',
    '_https._tcp.payments.example.com. SRV 0 33 8443 2001-db8--10.payments.example.com.',
  ]],
  ['shop.apps.example.com.', 'A', ['shop.apps.example.com. A 203.0.113.20']],
  ['Shop.EU.apps.example.com.', 'A', ['Shop.EU.apps.example.com. A 203.0.113.21']],
  ['shop.apps.example.com.', 'AAAA', 'NODATA'],
  ['search.example.net.', 'A', ['search.example.net. A 198.51.100.31', 'search.example.net. A 198.51.100.32']],
  ['search.example.net.', 'AAAA', 'NODATA'],
  ['search.example.net.', 'MX', 'NODATA'],
  ['_https._tcp.search.example.net.', 'SRV', ['_https._tcp.search.example.net. SRV 0 50 443 search-eu.example.net.', '_https._tcp.search.example.net. SRV 0 50 443 search-us.example.net.']],
  ['billing.internal.example.', 'A', ['billing.internal.example. A 10.20.0.11', 'billing.internal.example. A 10.20.0.12']],
  ['www.example.com.', 'A', 'next'],
  ['www.example.org.', 'AAAA', 'next'],
  ['example.com.', 'A', 'next'],
  ['apps.example.com.', 'A', 'next'],
  [`backend.${CLUSTER}${CLUSTER}`, 'A', 'NXDOMAIN'],
  [`nope.${CLUSTER}`, 'A', 'NXDOMAIN'],
  [CLUSTER, 'A', 'NODATA'],
  ['11.1.244.10.in-addr.arpa.', 'PTR', [`11.1.244.10.in-addr.arpa. PTR 10-244-1-11.backend.${CLUSTER}`]],
  ['31.1.244.10.in-addr.arpa.', 'PTR', [`31.1.244.10.in-addr.arpa. PTR db-0.db.${CLUSTER}`]],
  ['20.10.96.10.in-addr.arpa.', 'PTR', [`20.10.96.10.in-addr.arpa. PTR backend.${CLUSTER}`]],
  ['13.3.244.10.in-addr.arpa.', 'PTR', 'NXDOMAIN'],
  ['244.10.in-addr.arpa.', 'PTR', 'NODATA'],
  ['10.2.0.192.in-addr.arpa.', 'PTR', ['10.2.0.192.in-addr.arpa. PTR payments.example.com.']],
  ['99.2.0.192.in-addr.arpa.', 'PTR', 'next'],
]) // biome-ignore format: a table

run('the example mesh with its virtual addresses', 'answer vip', [
  [`backend.${CLUSTER}`, 'A', [`backend.${CLUSTER} A 10.96.10.20`]],
  [`backend.${CLUSTER}`, 'AAAA', 'NODATA'],
  [`10-244-1-11.backend.${CLUSTER}`, 'A', [`10-244-1-11.backend.${CLUSTER} A 10.244.1.11`]],
  [`_http._tcp.frontend.${CLUSTER}`, 'SRV', [`_http._tcp.frontend.${CLUSTER} SRV 0 100 80 frontend.${CLUSTER}`, `frontend.${CLUSTER} A 10.96.10.10`]],
  [`db.${CLUSTER}`, 'A', [`db.${CLUSTER} A 10.244.1.31`, `db.${CLUSTER} A 10.244.2.32`]],
  ['cart.shop.svc.cluster.local.', 'AAAA', ['cart.shop.svc.cluster.local. AAAA fd00:10:96::40']],
  ['payments.example.com.', 'A', ['payments.example.com. A 198.51.100.10']],
  ['payments.example.com.', 'AAAA', 'NODATA'],
  ['search.example.net.', 'A', ['search.example.net. A 198.51.100.31', 'search.example.net. A 198.51.100.32']],
]) // biome-ignore format: a table

run('the example mesh that falls through', 'fallthrough default.svc.cluster.local 10.in-addr.arpa', [
  [`nope.${CLUSTER}`, 'A', 'next'],
  ['nope.shop.svc.cluster.local.', 'A', 'NXDOMAIN'],
  [`backend.${CLUSTER}`, 'AAAA', 'NODATA'],
  ['13.3.244.10.in-addr.arpa.', 'PTR', 'next'],
  ['244.10.in-addr.arpa.', 'PTR', 'next'],
])

test('the SOA is the answer to who asks for it, in a zone and at a host of its own', async () => {
  await using server = await startServer(corefile())
  for (const name of ['cluster.local.', '10.in-addr.arpa.', 'payments.example.com.']) {
    const { answer, authority } = await server.query(name, 'SOA')
    assert.match(
      answer.join(),
      new RegExp(`^${RegExp.escape(name)} 5 IN SOA ns\\.dns\\.\\S+ hostmaster\\.\\S+ \\d{10} 7200 1800 86400 5$`),
    )
    assert.deepEqual(authority, [])
  }
})

test('answers of many addresses are in an order of their own each time, cut with TC over UDP, and whole over TCP', async () => {
  const endpoints = Array.from({ length: 100 }, (_, i) => `- addresses: [10.1.0.${i}]`).join('\n')
  const files = {
    'mesh/a.yaml': `apiVersion: v1\nkind: Service\nmetadata: { name: a }\n---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice
metadata: { name: a, labels: { kubernetes.io/service-name: a } }\naddressType: IPv4\nendpoints:\n${endpoints}\n`,
  }
  await using server = await startServer('.:0 {\n  mesh {\n    source file mesh\n  }\n}\n', { files })
  const name = `a.${CLUSTER}`
  const cut = await server.query(name)
  assert.match(cut.flags, /\btc\b/)
  const [first, second] = [await server.queryTcp(name), await server.queryTcp(name)]
  assert.doesNotMatch(first.flags, /\btc\b/)
  assert.equal(first.answer.length, 100)
  assert.notDeepEqual(first.answer, second.answer)
  assert.deepEqual(first.answer.toSorted(), second.answer.toSorted())
})
