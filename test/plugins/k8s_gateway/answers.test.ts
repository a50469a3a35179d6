import assert from 'node:assert/strict'
import { onEachApi } from '#test/plugins/kubernetes/apis.ts'
import { askRows } from '#test/plugins/kubernetes/rows.ts'
import { freePort } from '#test/support/ports.ts'
import { startServer } from '#test/support/server.ts'
import { corefileOf } from './corefile.ts'
import { apex, definitions, nameServer, objects, overlapping, rings } from './objects.ts'

const ALL = 'resources Ingress Service HTTPRoute TLSRoute GRPCRoute VirtualService DNSEndpoint Node'

onEachApi(
  {
    'Ingresses and Services, which are what is watched by default': async api => {
      await using server = await startServer(corefileOf(api.port, []))
      await askRows(
        server,
        `
        web.example.org. A NOERROR = 203.0.113.10
        WEB.example.ORG. AAAA NOERROR = 2001:db8::10
        web.example.org. TXT NOERROR
        web.example.org. HTTPS NOERROR
        x.apps.example.org. A NOERROR = 203.0.113.10
        special.apps.example.org. A NOERROR = 203.0.113.11
        x.y.apps.example.org. A NXDOMAIN
        apps.example.org. A NOERROR
        old.example.org. A NOERROR = 203.0.113.12
        old.example.org. AAAA NOERROR
        named.example.org. A NOERROR = 198.51.100.9
        named.example.org. AAAA NOERROR = 2001:db8::9
        named.example.org. CNAME NOERROR
        mixed.example.org. A NOERROR = 203.0.113.14, 198.51.100.9
        mixed.example.org. AAAA NOERROR = 2001:db8::9
        pending.example.org. A NXDOMAIN
        hidden.example.org. A NXDOMAIN
        plain.default.example.org. A NOERROR = 203.0.113.20
        plain.default.example.org. AAAA NOERROR = 2001:db8::20
        default.example.org. A NOERROR
        called.example.org. A NOERROR = 203.0.113.21
        short.example.org. A NOERROR = 203.0.113.21
        a.b.wild.example.org. A NOERROR = 203.0.113.21
        called.default.example.org. A NXDOMAIN
        called.example.org.example.org. A NXDOMAIN
        external.example.org. A NOERROR = 203.0.113.22
        both.default.example.org. A NOERROR = 203.0.113.24
        inner.default.example.org. A NXDOMAIN
        hidden.default.example.org. A NXDOMAIN
        waiting.default.example.org. A NXDOMAIN
        pods.default.example.org. A NOERROR = 10.244.1.1, 10.244.1.2
        pods.default.example.org. AAAA NOERROR
        gone.example.org. A NXDOMAIN
        site.gw.example.org. A NXDOMAIN
        worker-1.example.org. A NXDOMAIN
        example.org. A NOERROR
        example.org. AXFR REFUSED
        example.org. NS NOERROR = dns1.kube-system.example.org. + 203.0.113.53, 2001:db8::53
        dns1.kube-system.example.org. A NOERROR = 203.0.113.53
        dns1.kube-system.example.org. AAAA NOERROR = 2001:db8::53
        x.dns1.kube-system.example.org. A NXDOMAIN
        `,
      )
      assert.deepEqual((await server.query('web.example.org.')).answer, ['web.example.org. 60 IN A 203.0.113.10'])
      const soa =
        /^example\.org\. 60 IN SOA dns1\.kube-system\.example\.org\. hostmaster\.dns1\.kube-system\.example\.org\. \d+ 7200 1800 86400 60$/
      assert.match((await server.query('example.org.', 'SOA')).answer.join(), soa)
      assert.match((await server.query('gone.example.org.')).authority.join(), soa)
      // What leads to a name that it stands for itself is for the next plugin to tell, which says nothing of addresses.
      const { rcode, answer } = await server.query('self.example.org.')
      assert.deepEqual([rcode, answer], ['NOERROR', []])
      assert.equal((await server.query('elsewhere.example.net.')).additional.length, 2, 'what is in no zone is passed on')
    },
    'gateways and their routes, written records, and nodes': async api => {
      await using server = await startServer(corefileOf(api.port, [ALL, 'ttl 5']))
      await askRows(
        server,
        `
        site.gw.example.org. A NOERROR = 203.0.113.40
        site.gw.example.org. AAAA NOERROR = 2001:db8::40
        site.elsewhere.example.org. A NXDOMAIN
        other.gw.example.org. A NOERROR = 203.0.113.40
        a.b.gw.example.org. A NOERROR = 203.0.113.40
        gw.example.org. A NOERROR
        across.gw.example.org. A NOERROR = 203.0.113.40, 198.51.100.9
        three.example.org. A NOERROR = 203.0.113.40
        two.example.org. A NXDOMAIN
        one.example.org. A NXDOMAIN
        any.name.example.org. A NXDOMAIN
        a.open.example.org. A NOERROR = 203.0.113.40
        a.set.example.org. A NOERROR = 203.0.113.40
        one.set.example.org. A NOERROR = 203.0.113.40
        b.set.example.org. A NXDOMAIN
        beside.set.example.org. A NXDOMAIN
        a.unanswered.example.org. A NXDOMAIN
        x.y.tls.example.org. A NOERROR = 198.51.100.9
        grpc.gw.example.org. A NOERROR = 203.0.113.40
        reviews.mesh.example.org. A NOERROR = 203.0.113.30
        other.mesh.example.org. A NOERROR = 203.0.113.30
        bookinfo.example.org. A NOERROR = 203.0.113.30
        near.mesh.example.org. A NOERROR = 203.0.113.30
        older.mesh.example.org. A NOERROR = 203.0.113.30
        oldest.mesh.example.org. A NOERROR = 203.0.113.30
        only.example.org. A NOERROR = 203.0.113.30
        own.example.org. A NOERROR = 203.0.113.30
        foreign.example.org. A NXDOMAIN
        inside.mesh2.example.org. A NXDOMAIN
        0.exported.example.org. A NOERROR = 203.0.113.30
        1.exported.example.org. A NOERROR = 203.0.113.30
        2.exported.example.org. A NXDOMAIN
        3.exported.example.org. A NXDOMAIN
        4.exported.example.org. A NXDOMAIN
        lost.example.org. A NXDOMAIN
        ingressgateway.istio-system.example.org. A NXDOMAIN
        written.example.org. A NOERROR = 203.0.113.60, 203.0.113.61
        written.example.org. AAAA NOERROR = 2001:db8::60
        alias.example.org. A NOERROR = 198.51.100.9
        a.b.deep.example.org. A NOERROR = 203.0.113.62
        mail.example.org. A NXDOMAIN
        worker-1.example.org. A NOERROR = 192.0.2.1
        worker-1.example.org. AAAA NOERROR = 2001:db8::1
        `,
      )
      assert.deepEqual((await server.query('written.example.org.', 'TXT')).answer.sort(), [
        'written.example.org. 5 IN TXT "some words"',
        `written.example.org. 5 IN TXT "${'x'.repeat(255)}" "${'x'.repeat(45)}"`,
      ])
    },
    'filters, name servers, and what falls through': async api => {
      const options = [
        ALL,
        'ingressClasses istio',
        'gatewayClasses nginx',
        'serviceLabelSelectors team=edge "team==shop, team!=edge"',
        'nodeAddressType ExternalIP',
        'apex ns.trapped',
        'secondary plain.default',
        'fallthrough apps.example.org elsewhere.example.org',
      ]
      await using server = await startServer(corefileOf(api.port, options, { above: 'bind 127.0.0.1 127.0.0.2' }))
      await askRows(
        server,
        `
        web.example.org. A NXDOMAIN
        old.example.org. A NOERROR = 203.0.113.12
        special.apps.example.org. A NOERROR = 203.0.113.11
        named.example.org. A NXDOMAIN
        site.gw.example.org. A NXDOMAIN
        a.set.example.org. A NXDOMAIN
        x.tls.example.org. A NOERROR = 198.51.100.9
        across.gw.example.org. A NOERROR = 198.51.100.9
        plain.default.example.org. A NOERROR = 203.0.113.20
        external.example.org. A NOERROR = 203.0.113.22
        called.example.org. A NXDOMAIN
        both.default.example.org. A NXDOMAIN
        bookinfo.example.org. A NOERROR = 203.0.113.30
        worker-1.example.org. A NOERROR = 203.0.113.71
        x.trapped.example.org. A NOERROR = 203.0.113.98
        ns.trapped.example.org. A NXDOMAIN
        example.org. NS NOERROR = ns.trapped.example.org., plain.default.example.org. + 203.0.113.20, 2001:db8::20
        `,
      )
      for (const name of ['x.apps.example.org.', 'apps.example.org.'])
        assert.equal((await server.query(name)).additional.length, 2, `${name} is passed on`)
    },
    'name servers that are called by whole names': async api => {
      await api.put(nameServer)
      const options = ['apex ns1.example.org.', 'secondary ns.example.com.']
      await using server = await startServer(corefileOf(api.port, options, { zones: 'example.org example.net' }))
      await askRows(
        server,
        `
        example.org. NS NOERROR = ns1.example.org., ns.example.com. + 203.0.113.54
        example.net. NS NOERROR = ns1.example.org., ns.example.com. + 203.0.113.54
        ns1.example.org. A NOERROR = 203.0.113.54
        ns1.example.net. A NXDOMAIN
        `,
      )
      for (const zone of ['example.org.', 'example.net.'])
        assert.match(
          (await server.query(`gone.${zone}`)).authority.join(),
          new RegExp(`^${zone} 60 IN SOA ns1\\.example\\.org\\. hostmaster\\.ns1\\.example\\.org\\. \\d+ 7200 1800 86400 60$`),
        )
    },
    'the first resource that has a name has it alone': async api => {
      await api.put(...overlapping)
      await using first = await startServer(corefileOf(api.port, ['resources HTTPRoute Ingress DNSEndpoint']))
      await using second = await startServer(corefileOf(api.port, ['resources DNSEndpoint', 'resources Ingress HTTPRoute']))
      await askRows(first, 'twice.gw.example.org. A NOERROR = 203.0.113.40')
      await askRows(second, 'twice.gw.example.org. A NOERROR = 203.0.113.80, 203.0.113.81\nwritten.example.org. A NXDOMAIN')
    },
    'names that lead to one another many times over end soon': async api => {
      await api.put(rings)
      await using server = await startServer(corefileOf(api.port, [ALL]))
      assert.equal((await server.query('0.ring.example.org.')).rcode, 'SERVFAIL')
    },
    'where the zone itself is a host, others still have its SOA and NS': async api => {
      await api.put(apex)
      await using server = await startServer(corefileOf(api.port, [ALL, 'fallthrough']))
      await askRows(server, 'example.org. A NOERROR = 203.0.113.83')
      for (const type of ['SOA', 'NS'])
        assert.equal((await server.query('example.org.', type)).additional.length, 2, `${type} is passed on`)
    },
    'what is known about names': async api => {
      const port = await freePort()
      const options = [ALL, 'ingressClasses nginx', 'gatewayClasses nginx']
      await using _server = await startServer(corefileOf(api.port, options, { above: `explain 127.0.0.1:${port}` }))
      for (const [name, sentence] of [
        ['web', 'Ingress default/web leads from web.example.org. to 203.0.113.10 2001:db8::10'],
        ['x.y.tls', 'TLSRoute default/tls leads from *.tls.example.org. to lb.example.net.'],
        ['worker-1', 'Node worker-1 leads from worker-1.example.org. to 192.0.2.1 2001:db8::1'],
        [
          'written',
          `DNSEndpoint default/records leads from written.example.org. to 203.0.113.60 203.0.113.61 2001:db8::60 "some words" "${'x'.repeat(300)}"`,
        ],
        ['dns1.kube-system', 'Service kube-system/dns1 leads from dns1.kube-system.example.org. to 203.0.113.53 2001:db8::53'],
        ['gone', 'nothing that is known leads anywhere from this name'],
        ['hidden', 'nothing that is known leads anywhere from this name'],
        ['pending', 'Ingress default/pending has such a host, but it has no address'],
        ['old', "Ingress default/old has such a host, but its class is 'istio', which does not count"],
        ['a.b.apps', 'Ingress default/web has such a host, but there, * stands for one label'],
        [
          '2.exported',
          'VirtualService default/exported-2 has such a host, but IstioGateway default/exported has no address in the namespaces of exportTo',
        ],
        ['lost', 'VirtualService default/lost has such a host, but IstioGateway default/nowhere has no address'],
        ['foreign', 'VirtualService shop/only has such a host, but no listener of a known gateway takes it'],
        [
          'site.gw',
          "HTTPRoute default/site has such a host, but the class of Gateway default/public is 'istio', which does not count",
        ],
      ] as const) {
        const text = await (await fetch(`http://127.0.0.1:${port}/explain?name=${name}.example.org`)).text()
        const [, said = ''] = /^ {2}k8s_gateway .*\n((?: +- .*\n)+)/m.exec(text) ?? []
        assert.ok(
          said.split('\n').some(line => line.trim() === `- ${sentence}`),
          text,
        )
      }
    },
  },
  { definitions, objects },
)
