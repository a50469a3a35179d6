import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { selfSigned } from '#test/support/kubernetes/certificate.ts'
import { runServer } from '#test/support/server.ts'
import { noNamespaces, runBeside } from './namespace.ts'
import type { Probe } from './probe.ts'

/** The rcode and the records without their owner. */
const CLUSTER_NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ['backend.default.svc.cluster.local', ['NOERROR', '30 IN A 10.96.0.10']],
  ['db.default.svc.cluster.local', ['NOERROR', '30 IN A 10.244.1.1', '30 IN A 10.244.1.2', '30 IN A 10.244.1.3']],
  ['db-0.db.default.svc.cluster.local', ['NOERROR', '30 IN A 10.244.1.1']],
  ['down.default.svc.cluster.local', ['NXDOMAIN']],
  ['10-1-2-3.default.pod.cluster.local', ['NOERROR', '30 IN A 10.1.2.3']],
  ['10-1-2-3.gone.pod.cluster.local', ['NXDOMAIN']],
  ['default.svc.cluster.local', ['NOERROR']],
  ['www.example.org.default.svc.cluster.local', ['NXDOMAIN']],
])

const PROBE = fileURLToPath(new URL('probe.ts', import.meta.url))

/** What kubeadm writes (cmd/kubeadm/app/phases/addons/dns/manifests.go), word for word. */
const COREFILE = `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
`

test('the Corefile of kubeadm is understood', async () => {
  await using server = await runServer(COREFILE, { args: ['-validate'] })
  assert.deepEqual(await server.exited, { code: 0, signal: null })
  assert.equal(server.output, '')
})

const noCluster = noNamespaces || (selfSigned() ? false : 'openssl is not on this machine')

suite('the Corefile of kubeadm runs as it stands, in a cluster', { skip: noCluster }, () => {
  let probe: Probe
  let log: string[] = []

  before(async () => {
    const upstream = ['192.0.2.1 www.example.org', '192.0.2.2 www.example.org']
    const names = ['www.example.org', 'missing.example.org', ...CLUSTER_NAMES.keys()]
    const run = await runBeside(COREFILE, upstream, [process.execPath, PROBE, ...names], { cluster: true })
    probe = JSON.parse(run.stdout)
    log = run.log
  })

  const metric = (line: RegExp) => Number(line.exec(probe.pages['http://127.0.0.1:9153/metrics']!.body)?.[1])

  test('it says where it listens', () => {
    assert.ok(log.includes('.:53'))
    assert.ok(log.some(line => /^\.:53: .*errors.*loadbalance.*kubernetes.*cache.*loop.*forward$/.test(line)))
    assert.ok(log.some(line => /^\[INFO\] plugin\/reload: Running configuration SHA512 = [0-9a-f]{128}$/.test(line)))
  })

  test('names are resolved by the machine’s own resolver, the addresses in any order', () => {
    for (const { rcode, answer } of probe.answers['www.example.org']!) {
      assert.equal(rcode, 'NOERROR')
      assert.deepEqual(answer.map(line => line.replace(/ \d+ IN/, ' IN')).sort(), [
        'www.example.org. IN A 192.0.2.1',
        'www.example.org. IN A 192.0.2.2',
      ])
      // The cache shortens the upstream’s hour.
      for (const line of answer) assert.ok(Number(line.split(' ')[1]) <= 30, line)
    }
  })

  test('names of the cluster are answered', () => {
    for (const [name, expected] of CLUSTER_NAMES)
      for (const { rcode, answer } of probe.answers[name]!)
        assert.deepEqual(
          [name, rcode, ...answer.map(line => line.split(' ').slice(1).join(' '))].sort(),
          [name, ...expected].sort(),
        )
  })

  test('the cache answers what it may keep', () => {
    assert.equal(metric(/^coredns_cache_hits_total\{[^}]*type="success"[^}]*\} (\d+)$/m), 1)
  })

  test('/health and /ready say OK', () => {
    assert.deepEqual(probe.pages['http://127.0.0.1:8080/health'], { status: 200, body: 'OK' })
    assert.deepEqual(probe.pages['http://127.0.0.1:8181/ready'], { status: 200, body: 'OK' })
  })

  test('/metrics counts', () => {
    assert.equal(
      metric(/^coredns_dns_requests_total\{(?=.*zone="\.")(?=.*type="A")[^}]*\} (\d+)$/m),
      2 * (2 + CLUSTER_NAMES.size),
    )
    assert.ok(metric(/^process_resident_memory_bytes (\d+)$/m) > 0)
  })

  test('there is nothing to complain of', () => {
    assert.deepEqual(
      log.filter(line => /^\[(WARNING|ERROR|FATAL)\]|Loop|panic/.test(line)),
      [],
    )
  })
})
