import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runServer } from '#test/support/server.ts'
import { noNamespaces, runBeside } from './namespace.ts'
import type { Probe } from './probe.ts'

const PROBE = fileURLToPath(new URL('probe.ts', import.meta.url))

/** What kubeadm writes of the plugin that needs a cluster. */
const KUBERNETES = `    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
`

/** What kubeadm writes (cmd/kubeadm/app/phases/addons/dns/manifests.go), word for word but for that. */
const COREFILE = `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
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
  const corefile = COREFILE.replace('    prometheus', `${KUBERNETES}    prometheus`)
  await using server = await runServer(corefile, { args: ['-validate'] })
  assert.deepEqual(await server.exited, { code: 0, signal: null })
  assert.equal(server.output, '')
})

suite('the Corefile of kubeadm runs as it stands', { skip: noNamespaces }, () => {
  let probe: Probe
  let log: string[] = []

  before(async () => {
    const upstream = ['192.0.2.1 www.example.org', '192.0.2.2 www.example.org', '192.0.2.3 web.default.svc.cluster.local']
    const names = ['www.example.org', 'web.default.svc.cluster.local', 'missing.example.org']
    const run = await runBeside(COREFILE, upstream, [process.execPath, PROBE, ...names])
    probe = JSON.parse(run.stdout)
    log = run.log
  })

  const metric = (line: RegExp) => Number(line.exec(probe.pages['http://127.0.0.1:9153/metrics']!.body)?.[1])

  test('it says where it listens', () => {
    assert.ok(log.includes('.:53'))
    assert.ok(log.some(line => /^\.:53: .*errors.*loadbalance.*cache.*loop.*forward$/.test(line)))
    assert.match(log[0]!, /^\[INFO\] plugin\/reload: Running configuration SHA512 = [0-9a-f]{128}$/)
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

  test('the cache answers what it may keep, and does not keep cluster.local', () => {
    assert.equal(probe.answers['web.default.svc.cluster.local']![1]!.answer.length, 1)
    assert.equal(metric(/^coredns_cache_hits_total\{[^}]*type="success"[^}]*\} (\d+)$/m), 1)
  })

  test('/health and /ready say OK', () => {
    assert.deepEqual(probe.pages['http://127.0.0.1:8080/health'], { status: 200, body: 'OK' })
    assert.deepEqual(probe.pages['http://127.0.0.1:8181/ready'], { status: 200, body: 'OK' })
  })

  test('/metrics counts', () => {
    assert.equal(metric(/^coredns_dns_requests_total\{(?=.*zone="\.")(?=.*type="A")[^}]*\} (\d+)$/m), 6)
    assert.ok(metric(/^process_resident_memory_bytes (\d+)$/m) > 0)
  })

  test('there is nothing to complain of', () => {
    assert.deepEqual(
      log.filter(line => /^\[(WARNING|ERROR|FATAL)\]|Loop|panic/.test(line)),
      [],
    )
  })
})
