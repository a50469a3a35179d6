/** What the plugin answers, row by row, of a fake API server and of a real one. */
import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { endpointSlice, namespace, service } from '#test/support/kubernetes/objects.ts'
import { startServer } from '#test/support/server.ts'
import { corefileOf, onEachApi } from './apis.ts'
import { askRows } from './rows.ts'

const B = 'backend.default.svc.cluster.local.'

onEachApi({
  'services, endpoints, pods and addresses': async api => {
    await using server = await startServer(corefileOf(api, ['pods insecure', 'ttl 30']))
    await askRows(
      server,
      `
    backend.default.svc A NOERROR = 10.96.0.10
    backend.default.svc AAAA NOERROR
    backend.default.svc MX NOERROR
    backend.default.svc CNAME NOERROR
    dual.default.svc AAAA NOERROR = fd00:96::11
    idle.default.svc A NOERROR = 10.96.0.12
    db.default.svc A NOERROR = 10.244.1.1, 10.244.1.2, 10.244.1.3
    db.default.svc AAAA NOERROR
    both.default.svc AAAA NOERROR = fd00:244::1, fd00:244:1::
    down.default.svc A NXDOMAIN
    portless.default.svc A NOERROR = 10.244.2.3
    portless.default.svc SRV NOERROR
    ext.default.svc A NOERROR = www.example.org., 192.0.2.80
    ext.default.svc AAAA NOERROR = www.example.org., 2001:db8::80
    ext.default.svc CNAME NOERROR = www.example.org.
    ext.default.svc SRV NOERROR
    ext-in.default.svc A NOERROR = ${B}, 10.96.0.10
    ext-gone.default.svc A NXDOMAIN = gone.default.svc.cluster.local.
    ext-loop.default.svc A NOERROR
    ext-ip.default.svc A NXDOMAIN
    db-0.db.default.svc A NOERROR = 10.244.1.1
    db-2.db.default.svc A NXDOMAIN
    10-244-1-1.db.default.svc A NXDOMAIN
    10-244-1-3.db.default.svc A NOERROR = 10.244.1.3
    10-244-0-1.backend.default.svc A NOERROR = 10.244.0.1
    fd00-244-1--0.both.default.svc AAAA NOERROR = fd00:244:1::
    first.twice.default.svc A NOERROR = 10.244.6.1
    10-244-6-1.twice.default.svc A NOERROR = 10.244.6.1
    _http._tcp.backend.default.svc SRV NOERROR = 0 100 80 ${B} + 10.96.0.10
    http.tcp.backend.default.svc SRV NOERROR = 0 100 80 ${B} + 10.96.0.10
    backend.default.svc SRV NOERROR = 0 50 80 ${B}, 0 50 53 ${B} + 10.96.0.10
    _http._udp.backend.default.svc SRV NXDOMAIN
    _http._tcp.backend.default.svc A NOERROR = 10.96.0.10
    _http._tcp.dual.default.svc SRV NOERROR = 0 50 80 dual.default.svc.cluster.local. + 10.96.0.11, fd00:96::11
    _sql._tcp.db.default.svc SRV NOERROR = 0 33 5432 db-0.db.default.svc.cluster.local., 0 33 5432 db-1.db.default.svc.cluster.local., 0 33 5432 10-244-1-3.db.default.svc.cluster.local. + 10.244.1.1, 10.244.1.2, 10.244.1.3
    10-244-0-1.default.pod A NOERROR = 10.244.0.1
    10-9-9-9.default.pod A NOERROR = 10.9.9.9
    fd00-244--f1.default.pod AAAA NOERROR = fd00:244::f1
    name.default.pod A NXDOMAIN
    10-9-9-9.gone.pod A NXDOMAIN
    x.10-9-9-9.default.pod A NXDOMAIN
    cluster.local. A NOERROR
    svc A NOERROR
    pod A NOERROR
    default.svc A NOERROR
    default.pod A NOERROR
    gone.svc A NXDOMAIN
    gone.default.svc A NXDOMAIN
    gone.default.svc SOA NOERROR
    www.example.com.default.svc A NXDOMAIN
    dns-version TXT NOERROR = "1.1.0"
    backend.default.svc TXT NOERROR
    gone.default.svc TXT NXDOMAIN
    10.0.96.10.in-addr.arpa. PTR NOERROR = ${B}
    1.1.244.10.in-addr.arpa. PTR NOERROR = db-0.db.default.svc.cluster.local.
    1.0.244.10.in-addr.arpa. PTR NOERROR = 10-244-0-1.${B}
    1.6.244.10.in-addr.arpa. PTR NOERROR = first.twice.default.svc.cluster.local., 10-244-6-1.twice.default.svc.cluster.local.
    9.9.9.9.in-addr.arpa. PTR NXDOMAIN
    cluster.local. AXFR REFUSED
    a.b.c.backend.default.svc A NXDOMAIN
    `,
    )
    const { answer } = await server.query('BackEnd.default.svc.Cluster.Local.')
    assert.deepEqual(answer, ['BackEnd.default.svc.Cluster.Local. 30 IN A 10.96.0.10'])
    const { authority } = await server.query('gone.default.svc.cluster.local.')
    assert.match(
      authority.join(),
      /^cluster\.local\. 30 IN SOA ns\.dns\.cluster\.local\. hostmaster\.cluster\.local\. \d+ 7200 1800 86400 30$/,
    )
  },
  'pods verified, by both of their addresses, names of pods, topology zones': async api => {
    await using server = await startServer(corefileOf(api, ['pods verified', 'endpoint_pod_names', 'zonal']))
    await askRows(
      server,
      `
    10-244-0-1.default.pod A NOERROR = 10.244.0.1
    fd00-244--f1.default.pod AAAA NOERROR = fd00:244::f1
    fd00-244--f1.default.pod A NOERROR
    10-244-0-1.shop.pod A NXDOMAIN
    10-244-0-77.default.pod A NXDOMAIN
    10-244-3-1.shop.pod A NOERROR = 10.244.3.1
    db-0.db.default.svc A NOERROR = 10.244.1.1
    db-spare.db.default.svc A NOERROR = 10.244.1.3
    10-244-1-3.db.default.svc A NXDOMAIN
    3.1.244.10.in-addr.arpa. PTR NOERROR = db-spare.db.default.svc.cluster.local.
    zone-a.1.pin._zone.zoned.default.svc A NOERROR = 10.244.4.1
    zone-b.pin._zone.zoned.default.svc A NOERROR = 10.244.4.2
    zone-c.pin._zone.zoned.default.svc A NOERROR
    zone-c.prefer._zone.zoned.default.svc A NOERROR = 10.244.4.1, 10.244.4.2
    zone-b.prefer._zone.zoned.default.svc A NOERROR = 10.244.4.2
    zone-b.pin._zone.backend.default.svc A NXDOMAIN
    zone-b.other._zone.zoned.default.svc A NXDOMAIN
    `,
    )
  },
  'a selection of namespaces, for addresses, too': async api => {
    await using server = await startServer(corefileOf(api, ['namespace_labels tier=front', 'fallthrough ip6.arpa']))
    await askRows(
      server,
      `
    cart.shop.svc A NOERROR = 10.96.0.20
    backend.default.svc A NXDOMAIN
    20.0.96.10.in-addr.arpa. PTR NOERROR = cart.shop.svc.cluster.local.
    1.3.244.10.in-addr.arpa. PTR NOERROR = 10-244-3-1.cart.shop.svc.cluster.local.
    10.0.96.10.in-addr.arpa. PTR NXDOMAIN
    1.1.244.10.in-addr.arpa. PTR NXDOMAIN
    10-244-0-1.default.pod A NXDOMAIN
    default.pod A NXDOMAIN
    `,
    )
    assert.equal((await server.query('x.ip6.arpa.', 'PTR')).additional.length, 2)
  },
  'less than everything': async api => {
    await using server = await startServer(corefileOf(api, ['noendpoints', 'namespaces default']))
    await askRows(
      server,
      `
    backend.default.svc A NOERROR = 10.96.0.10
    db.default.svc A NXDOMAIN
    10-244-0-1.backend.default.svc A NXDOMAIN
    1.1.244.10.in-addr.arpa. PTR NXDOMAIN
    cart.shop.svc A NXDOMAIN
    10-244-0-1.default.pod A NXDOMAIN
    `,
    )
    await using other = await startServer(corefileOf(api, ['ignore empty_service', 'labels tier=front']))
    await askRows(other, 'backend.default.svc A NXDOMAIN\n10.0.96.10.in-addr.arpa. PTR NXDOMAIN')
    await using third = await startServer(corefileOf(api, ['ignore empty_service']))
    await askRows(third, 'backend.default.svc A NOERROR = 10.96.0.10\nidle.default.svc A NXDOMAIN')
  },
  'imported services': async api => {
    const zones = 'cluster.local clusterset.local'
    await using server = await startServer(corefileOf(api, ['multicluster clusterset.local'], zones))
    await askRows(
      server,
      `
    shared.default.svc.clusterset.local. A NOERROR = 10.128.0.1
    _http._tcp.shared.default.svc.clusterset.local. SRV NOERROR = 0 100 80 shared.default.svc.clusterset.local. + 10.128.0.1
    spread.default.svc.clusterset.local. A NOERROR = 10.244.5.2, 10.244.5.3
    node-0.east.spread.default.svc.clusterset.local. A NOERROR = 10.244.5.2
    node-0.spread.default.svc.clusterset.local. A NXDOMAIN
    10-244-5-1.east.shared.default.svc.clusterset.local. A NOERROR = 10.244.5.1
    backend.default.svc.clusterset.local. A NXDOMAIN
    shared.default.svc A NXDOMAIN
    `,
    )
  },
  'every change is in the next answer': async api => {
    await using server = await startServer(corefileOf(api, ['pods verified']))
    const until = async (name: string, type: string, ...data: readonly string[]) => {
      for (const late = performance.now() + 5000; ; await setTimeout(5)) {
        const { rcode, answer } = await server.query(name, type)
        const told = answer.map(line => line.split(' ').at(-1)).sort()
        if ([rcode, ...told].join() === data.join()) return
        assert.ok(performance.now() < late, `${name} ${type} is ${rcode} ${told}, not ${data}`)
      }
    }
    await until('db.default.svc.cluster.local.', 'A', 'NOERROR', '10.244.1.1', '10.244.1.2', '10.244.1.3')
    await api.put(endpointSlice('db', ['10.244.1.2', '10.244.1.7']))
    await until('db.default.svc.cluster.local.', 'A', 'NOERROR', '10.244.1.2', '10.244.1.7')
    await until('7.1.244.10.in-addr.arpa.', 'PTR', 'NOERROR', '10-244-1-7.db.default.svc.cluster.local.')
    await until('1.1.244.10.in-addr.arpa.', 'PTR', 'NXDOMAIN')
    const serial = async () => Number((await server.query('cluster.local.', 'SOA')).answer[0]?.split(' ')[6])
    const before = await serial()
    while (Math.floor(Date.now() / 1000) === before) await setTimeout(20)
    assert.equal(await serial(), before)
    await api.put(service('db', { clusterIP: '10.96.1.1', clusterIPs: ['10.96.1.1'] }))
    await until('db.default.svc.cluster.local.', 'A', 'NOERROR', '10.96.1.1')
    await until('1.1.96.10.in-addr.arpa.', 'PTR', 'NOERROR', 'db.default.svc.cluster.local.')
    assert.ok((await serial()) > before)
    await api.delete(service('db'))
    await until('db.default.svc.cluster.local.', 'A', 'NXDOMAIN')
    await until('1.1.96.10.in-addr.arpa.', 'PTR', 'NXDOMAIN')
    await api.put(service('late', { clusterIP: 'None', clusterIPs: ['None'] }, { namespace: 'new' }))
    await api.put(endpointSlice('late', ['10.244.9.1'], {}, { namespace: 'new' }))
    await until('9.244.10.in-addr.arpa.', 'PTR', 'NOERROR')
    await until('late.new.svc.cluster.local.', 'A', 'NXDOMAIN')
    await api.put(namespace('new'))
    await until('late.new.svc.cluster.local.', 'A', 'NOERROR', '10.244.9.1')
    await api.delete(namespace('new'))
    await until('late.new.svc.cluster.local.', 'A', 'NXDOMAIN')
  },
})
