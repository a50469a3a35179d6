import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { k8s_external } from '#plugins/k8s_external/index.ts'
import { corefileOf, onEachApi } from '#test/plugins/kubernetes/apis.ts'
import { askRows } from '#test/plugins/kubernetes/rows.ts'
import { refuses } from '#test/support/directive.ts'
import { FakeApi } from '#test/support/kubernetes/fake-api.ts'
import { endpointSlice, namespace, service } from '#test/support/kubernetes/objects.ts'
import { runServer, startServer } from '#test/support/server.ts'
import { until } from '#test/support/waiting.ts'

const corefile = (port: number, more: string, options: readonly string[] = []) =>
  corefileOf({ port }, options, 'cluster.local').replace('    whoami', `    k8s_external ${more}\n    whoami`)

onEachApi({
  'addresses, names and ports that Services have outside': async api => {
    await using server = await startServer(
      corefile(api.port, 'example.net in-addr.arpa {\n ttl 60\n fallthrough in-addr.arpa\n }'),
    )
    await askRows(
      server,
      `
      edge.default.example.net. A NOERROR = 203.0.113.1
      edge.default.example.net. AAAA NOERROR
      edge.default.example.net. TXT NOERROR
      balanced.default.example.net. A NOERROR = 203.0.113.2
      balanced.default.example.net. AAAA NOERROR = 2001:db8::2
      named.default.example.net. A NOERROR = www.example.org., 192.0.2.80
      named.default.example.net. CNAME NOERROR = www.example.org.
      named.default.example.net. SRV NOERROR = 0 100 80 www.example.org.
      _http._tcp.edge.default.example.net. SRV NOERROR = 0 100 80 edge.default.example.net. + 203.0.113.1
      _https._tcp.balanced.default.example.net. SRV NOERROR = 0 50 443 balanced.default.example.net. + 203.0.113.2, 2001:db8::2
      _x._tcp.edge.default.example.net. SRV NXDOMAIN
      x.edge.default.example.net. A NXDOMAIN
      backend.default.example.net. A NXDOMAIN
      db.default.example.net. A NXDOMAIN
      default.example.net. A NOERROR
      gone.example.net. A NXDOMAIN
      example.net. A NOERROR
      dns.example.net. A NOERROR
      ns2.dns.example.net. A NXDOMAIN
      example.net. AXFR REFUSED
      1.113.0.203.in-addr.arpa. PTR NOERROR = edge.default.example.net.
      backend.default.svc A NOERROR = 10.96.0.10
      `,
    )
    const { answer, additional } = await server.query('9.113.0.203.in-addr.arpa.', 'PTR')
    assert.deepEqual([answer.length, additional.length], [0, 2], 'an unknown address is passed on')
    assert.deepEqual((await server.query('edge.default.example.net.')).answer, ['edge.default.example.net. 60 IN A 203.0.113.1'])
    assert.match(
      (await server.query('example.net.', 'SOA')).answer.join(),
      /^example\.net\. 60 IN SOA ns1\.dns\.example\.net\. hostmaster\.dns\.example\.net\. \d+ 7200 1800 86400 60$/,
    )
    assert.deepEqual((await server.query('example.net.', 'NS')).answer, ['example.net. 60 IN NS ns1.dns.example.net.'])
  },
  'headless Services with their endpoints': async api => {
    await using server = await startServer(corefile(api.port, 'example.net {\n headless\n apex here\n }'))
    await askRows(
      server,
      `
      db.default.example.net. A NOERROR = 10.244.1.1, 10.244.1.2, 10.244.1.3
      db-0.db.default.example.net. A NOERROR = 10.244.1.1
      db-2.db.default.example.net. A NXDOMAIN
      10-244-0-1.backend.default.example.net. A NOERROR = 10.244.0.1
      backend.default.example.net. A NXDOMAIN
      edge.default.example.net. A NOERROR = 203.0.113.1
      down.default.example.net. A NXDOMAIN
      here.example.net. A NOERROR
      `,
    )
  },
  'a selection of namespaces': async api => {
    await using server = await startServer(corefile(api.port, 'example.net in-addr.arpa', ['namespaces shop']))
    await askRows(
      server,
      'edge.default.example.net. A NXDOMAIN\n1.113.0.203.in-addr.arpa. PTR NXDOMAIN\nshop.example.net. A NOERROR',
    )
  },
})

test('every change is in the next answer, and nothing is said not to exist before everything is known', async () => {
  await using api = await FakeApi.start()
  api.put(namespace('default'), service('edge', { externalIPs: ['203.0.113.1'] }))
  let deaf = true
  api.script = ({ path }) => (deaf && path.endsWith('/endpointslices') ? { status: 503 } : undefined)
  await using server = await startServer(corefile(api.port, 'example.net', ['startup_timeout 300ms']))
  const asked = async (name: string) => {
    const { rcode, answer } = await server.query(`${name}.default.example.net.`)
    return [rcode, ...answer.map(line => line.split(' ').at(-1))].join(' ')
  }
  await until(async () => (await asked('edge')) === 'NOERROR 203.0.113.1')
  assert.equal(await asked('late'), 'SERVFAIL')
  deaf = false
  while ((await asked('late')) !== 'NXDOMAIN');
  api.put(
    service('edge', { externalIPs: ['203.0.113.9'] }),
    service('late', { externalIPs: ['203.0.113.8'] }),
    endpointSlice('late', []),
  )
  while ((await asked('edge')) !== 'NOERROR 203.0.113.9');
  assert.equal(await asked('late'), 'NOERROR 203.0.113.8')
  api.delete(service('edge'))
  while ((await asked('edge')) !== 'NXDOMAIN');
})

suite('mistakes', () => {
  for (const [lines, problem] of [
    ['k8s_external 10.0.0.0/8', /a zone that is not a reverse zone is needed/],
    ['k8s_external {\nttl 3601\n}', /TTL must be a whole number between 0 and 3600/],
    ['k8s_external {\napex\n}', /expected APEX/],
    ['k8s_external {\nheadless yes\n}', /expected no more arguments/],
    ['k8s_external {\ntransfer to *\n}', /unknown property 'transfer'/],
  ] as const)
    test(lines.replaceAll('\n', ' '), () => {
      refuses(k8s_external, lines, problem)
    })
  test('without kubernetes', async () => {
    await using server = await runServer('.:0 {\n  k8s_external example.net\n}\n', { args: ['-validate'] })
    assert.equal((await server.exited).code, 1)
    assert.match(server.output, /plugin\/k8s_external: \S*Corefile:\d+ - kubernetes plugin not loaded/)
  })
})
