/** Several threads that answer on the same port. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { endsAnswered, openBurst } from '#test/server/burst.ts'
import { freePort } from '#test/support/ports.ts'
import { runServer, type ServerProcess, startServer } from '#test/support/server.ts'
import { until } from '#test/support/waiting.ts'
import { askMany, CLIENTS, untilAll } from './clients.ts'
import { scrape } from './metrics.ts'

const GONE = { code: 0, signal: null }
const HOSTS = 'hosts /dev/null {\n  192.0.2.1 www.example.org\n }'

/** @param lines of the one server block, with N threads */
const corefile = (n: number | '', lines: string, metrics?: number) =>
  `.:0 {\n multisocket ${n}\n ${metrics === undefined ? '' : `prometheus 127.0.0.1:${metrics}`}\n ${lines}\n}\n`

/** How many requests each thread has read. */
const perThread = (samples: ReadonlyMap<string, number>, threads: number) =>
  Array.from({ length: threads }, (_, i) => samples.get(`coredns_serving_thread_requests_total{thread="${i}"}`) ?? 0)

const sumOf = (samples: ReadonlyMap<string, number>, name: string) =>
  [...samples].filter(([sample]) => sample.startsWith(`${name}{`)).reduce((sum, [, value]) => sum + value, 0)

for (const mode of ['auto', 'dgram']) {
  test(`every thread answers, over UDP and TCP, and metrics are those of all of them (-udp ${mode})`, async () => {
    const metrics = await freePort()
    await using server = await startServer(corefile(3, HOSTS, metrics), { args: ['-udp', mode] })
    assert.deepEqual(await askMany(server, 'www.example.org'), ['NOERROR www.example.org. 3600 IN A 192.0.2.1'])
    const overUdp = await scrape(metrics)
    assert.deepEqual(await askMany(server, 'www.example.org', 'queryTcp'), ['NOERROR www.example.org. 3600 IN A 192.0.2.1'])
    const overBoth = await scrape(metrics)
    const [udp, both] = [perThread(overUdp, 3), perThread(overBoth, 3)]
    for (const [i, count] of udp.entries()) {
      assert.ok(count > 0, `thread ${i} answered nothing over UDP`)
      assert.ok(both[i]! > count, `thread ${i} answered nothing over TCP`)
    }
    assert.equal(sumOf(overBoth, 'coredns_dns_requests_total'), 2 * CLIENTS)
    assert.equal(sumOf(overBoth, 'coredns_dns_request_duration_seconds_count'), 2 * CLIENTS)
    // The name and the address, and not as often as there are threads.
    assert.equal(sumOf(overBoth, 'coredns_hosts_entries'), 2)
    assert.equal(overBoth.get('coredns_serving_threads'), 3)
  })
}

test('without a number there are as many threads as processors', async () => {
  const metrics = await freePort()
  await using _server = await startServer(corefile('', 'whoami', metrics))
  assert.equal((await scrape(metrics)).get('coredns_serving_threads'), navigator.hardwareConcurrency)
})

test('more threads than processors are started, and the log tells what is amiss, once for all server blocks', async () => {
  const processors = navigator.hardwareConcurrency
  const block = corefile(processors + 1, 'whoami')
  await using server = await startServer(`${block}${block.replace('.:0', 'example.net:0')}`)
  const warning = `plugin/multisocket: ${processors + 1} threads for ${processors} processors: the surplus only takes time and memory`
  await server.waitForLine(new RegExp(`${warning}$`))
  assert.equal((await server.query('example.org')).rcode, 'NOERROR')
  assert.equal(server.stdout.filter(line => line.endsWith(warning)).length, 1)
})

suite('a port that another process has', () => {
  for (const first of ['whoami', 'multisocket 2\n whoami']) {
    test(`is an error, and not shared in silence (${first.replace(/\n /, ', ')})`, async () => {
      await using one = await startServer(`.:${await freePort()} {\n ${first}\n}\n`)
      await using two = await runServer(`.:${one.port} {\n multisocket 2\n whoami\n}\n`)
      assert.deepEqual(await two.exited, { code: 1, signal: null })
      assert.match(two.stderr.join('\n'), new RegExp(`^listen dns://:${one.port}: .*EADDRINUSE.*$`))
      assert.deepEqual(await askMany(one, 'example.org'), ['NOERROR'])
    })
  }
})

test('of several blocks at one place the first says how many, and a line tells', async () => {
  const metrics = await freePort()
  const port = await freePort()
  const block = (zone: string, n: number) =>
    `${zone}:${port} {\n multisocket ${n}\n prometheus 127.0.0.1:${metrics}\n whoami\n}\n`
  await using server = await startServer(block('.', 2) + block('example.org', 3))
  assert.equal((await scrape(metrics)).get('coredns_serving_threads'), 2)
  const told = async (corefile: string) => {
    const from = server.stdout.length
    await writeFile(server.path('Corefile'), corefile)
    server.signal('SIGUSR1')
    await server.waitForLine(/Reloading complete/, { from })
    return server.stdout.slice(from).filter(line => line.startsWith('[WARNING] dns:'))
  }
  const warning = (first: string, other: number) =>
    `[WARNING] dns://:${port} has ${first}, as its first server block says; that of example.org. says ${other}`
  assert.ok(server.stdout.includes(warning('2 sockets', 3)))
  assert.deepEqual(await told(block('.', 2) + block('example.org', 3)), [], 'a reload repeats nothing')
  assert.deepEqual(await told(block('.', 1) + block('example.org', 4)), [warning('1 socket', 4)])
})

const MANIFEST = (...addresses: readonly string[]) =>
  JSON.stringify({
    kind: 'List',
    items: [
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'backend', namespace: 'default' },
        spec: { clusterIP: '10.96.0.1', ports: [{ port: 80 }] },
      },
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'backend-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'backend' } },
        addressType: 'IPv4',
        endpoints: addresses.map(address => ({ addresses: [address] })),
        ports: [{ port: 8080 }],
      },
    ],
  })

test('there is one feed, and what changes in it is answered by every thread, a new one as well', async () => {
  const metrics = await freePort()
  const lines = 'mesh cluster.local {\n  source file mesh.json\n }\n crash'
  const name = 'backend.default.svc.cluster.local'
  const answer = (address: string) => `NOERROR ${name}. 5 IN A ${address}`
  await using server = await startServer(corefile(2, lines, metrics), {
    files: { 'mesh.json': MANIFEST('10.0.0.1') },
    env: { NODE_OPTIONS: `--import=${new URL('crash.ts', import.meta.url)}` },
  })
  assert.deepEqual(await askMany(server, name), [answer('10.0.0.1')])
  await writeFile(server.path('mesh.json'), MANIFEST('10.0.0.2'))
  await untilAll(server, name, answer('10.0.0.2'))
  assert.equal((await scrape(metrics)).get('coredns_mesh_hosts{source="file mesh.json"}'), 1)
  await failThread(server)
  await writeFile(server.path('mesh.json'), MANIFEST('10.0.0.3'))
  await untilBack(metrics)
  await untilAll(server, name, answer('10.0.0.3'))
})

/** Makes *crash* fail in the second thread. Those who ask that one get no answer. */
async function failThread(server: ServerProcess): Promise<void> {
  const asked = Array.from({ length: CLIENTS }, () => server.query('crash.example.org', 'A', { timeout: 200 }).catch(() => {}))
  await server.waitForLine(/^\[ERROR\] serving thread 1: Error: crashed as it was asked to/)
  await server.waitForLine(/^\[ERROR\] serving thread 1 has failed and starts again in 1 s; the others go on serving$/)
  await Promise.all(asked)
}

/** Until a thread that failed answers again. */
async function untilBack(metrics: number): Promise<Map<string, number>> {
  let samples = new Map<string, number>()
  await until(async () => {
    samples = await scrape(metrics)
    return samples.get('coredns_serving_thread_restarts_total') === 1
  })
  return samples
}

test('a thread that fails is started again and counted, while the others answer, and nothing that it counted is lost', async () => {
  const metrics = await freePort()
  await using server = await startServer(corefile(2, `crash\n ${HOSTS}`, metrics), {
    env: { NODE_OPTIONS: `--import=${new URL('crash.ts', import.meta.url)}` },
  })
  await askMany(server, 'www.example.org')
  const before = await scrape(metrics)
  await failThread(server)
  assert.equal((await scrape(metrics)).get('coredns_serving_threads'), 1)
  assert.deepEqual(await askMany(server, 'www.example.org'), ['NOERROR www.example.org. 3600 IN A 192.0.2.1'])
  const after = await untilBack(metrics)
  assert.equal(after.get('coredns_serving_threads'), 2)
  assert.ok(perThread(after, 2)[1]! >= perThread(before, 2)[1]!)
  await askMany(server, 'www.example.org')
  assert.ok(perThread(await scrape(metrics), 2)[1]! > perThread(after, 2)[1]!)
})

test('/health fails where a thread hangs, and /metrics tells what is known of it', async () => {
  const [metrics, port] = [await freePort(), await freePort()]
  await using server = await startServer(corefile(2, `crash\n health 127.0.0.1:${port}\n ${HOSTS}`, metrics), {
    env: { NODE_OPTIONS: `--import=${new URL('crash.ts', import.meta.url)}` },
  })
  const health = () => fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(1000) })
  await askMany(server, 'www.example.org')
  const before = await scrape(metrics)
  assert.equal(await (await health()).text(), 'OK')
  const hanging = Array.from({ length: CLIENTS }, () => server.query('hang.example.org', 'A', { timeout: 200 }).catch(() => {}))
  await Promise.all(hanging)
  await assert.rejects(health(), { name: 'TimeoutError' })
  const after = await scrape(metrics)
  assert.equal(perThread(after, 2)[1], perThread(before, 2)[1])
  assert.ok(perThread(after, 2)[0]! > perThread(before, 2)[0]!)
})

suite('a reload', () => {
  const reload = async (server: ServerProcess, text: string, line: RegExp) => {
    const from = server.stdout.length
    await writeFile(server.path('Corefile'), text)
    server.signal('SIGUSR1')
    await server.waitForLine(line, { from })
  }
  const hosts = (address: string) => HOSTS.replace('192.0.2.1', address)
  const answer = (address: string) => `NOERROR www.example.org. 3600 IN A ${address}`

  test('changes what all threads answer, and how many there are', async () => {
    const metrics = await freePort()
    const port = await freePort()
    const text = (n: number, address: string) => corefile(n, hosts(address), metrics).replace('.:0', `.:${port}`)
    await using server = await startServer(text(2, '192.0.2.1'))
    for (const [n, address] of [
      [2, '192.0.2.2'],
      [4, '192.0.2.3'],
      [1, '192.0.2.4'],
      [3, '192.0.2.5'],
    ] as const) {
      await reload(server, text(n, address), /^\[INFO\] Reloading complete$/)
      assert.equal((await scrape(metrics)).get('coredns_serving_threads'), n)
      assert.deepEqual(await askMany(server, 'www.example.org'), [answer(address)])
    }
    const counted = sumOf(await scrape(metrics), 'coredns_dns_requests_total')
    assert.equal(counted, 4 * CLIENTS)
  })

  test('that fails in one thread changes nothing in any', async () => {
    const metrics = await freePort()
    const port = await freePort()
    const text = (n: number, lines: string) => corefile(n, lines, metrics).replace('.:0', `.:${port}`)
    await using server = await startServer(text(2, `${hosts('192.0.2.1')}\n script`), {
      env: { NODE_OPTIONS: `--import=${new URL('refuse.ts', import.meta.url)}` },
    })
    await reload(
      server,
      text(3, `${hosts('192.0.2.2')}\n script refuse`),
      /^\[ERROR\] SIGUSR1: plugin\/script: \S+Corefile:\d+ - not in thread 2$/,
    )
    assert.deepEqual(await askMany(server, 'www.example.org'), [answer('192.0.2.1')])
    assert.equal((await scrape(metrics)).get('coredns_serving_threads'), 2)
    await reload(server, text(2, hosts('192.0.2.3')), /^\[INFO\] Reloading complete$/)
    assert.deepEqual(await askMany(server, 'www.example.org'), [answer('192.0.2.3')])
  })

  test('cannot begin to share a port, or end it', async () => {
    const port = await freePort()
    const shared = corefile(2, hosts('192.0.2.2')).replace('.:0', `.:${port}`)
    await using server = await startServer(shared.replace('multisocket 2', '').replace('192.0.2.2', '192.0.2.1'))
    await reload(
      server,
      shared,
      /^\[ERROR\] SIGUSR1: dns:\/\/:\d+ is open: whether threads share it can only change with a restart/,
    )
    assert.deepEqual(await askMany(server, 'www.example.org'), [answer('192.0.2.1')])
  })
})

suite('SIGTERM', () => {
  for (const mode of ['auto', 'dgram']) {
    test(`every query that the kernel has taken is answered before the end (-udp ${mode})`, async () => {
      await using server = await startServer(corefile(2, HOSTS), { args: ['-udp', mode] })
      await endsAnswered(server, 'www.example.org')
    })
  }

  test('all threads answer on while a plugin asks for it', async () => {
    await using server = await startServer(corefile(2, `health 127.0.0.1:0 {\n  lameduck 1s\n }\n ${HOSTS}`))
    server.signal('SIGTERM')
    await server.waitForLine(/^\[INFO\] plugin\/health: Going into lameduck mode for 1s$/)
    assert.deepEqual(await askMany(server, 'www.example.org'), ['NOERROR www.example.org. 3600 IN A 192.0.2.1'])
    assert.deepEqual(await server.exited, GONE)
  })

  test('lines of the log are written by every thread, whole, and before the end', async () => {
    await using server = await startServer(corefile(2, `log\n ${HOSTS}`))
    await using burst = await openBurst()
    for (let round = 0; round < 20; round++) {
      await burst.send(50, 'www.example.org', server.port)
      await nextTurn()
    }
    await burst.settle()
    server.signal('SIGTERM')
    assert.deepEqual(await server.exited, GONE)
    await burst.settle()
    const lines = server.stdout.filter(line => line.includes('www.example.org'))
    const whole = /^\[INFO\] 127\.0\.0\.1:\d+ - \d+ "A IN www\.example\.org\. udp 33 false 512" NOERROR qr,aa,rd \d+ \S+s$/
    assert.deepEqual(
      lines.filter(line => !whole.test(line)),
      [],
    )
    assert.equal(lines.length, burst.answered)
  })
})

suite('the end at once, with threads that have sockets open', () => {
  for (const [name, signals, code] of [
    ['SIGQUIT', ['SIGQUIT'], 0],
    ['a second SIGINT', ['SIGINT', 'SIGINT'], 2],
  ] as const) {
    test(name, async () => {
      await using server = await startServer(corefile(3, `health 127.0.0.1:0 {\n  lameduck 1m\n }\n whoami`))
      for (const [i, signal] of signals.entries()) {
        // Of two that come at once the kernel keeps one.
        if (i > 0) await server.waitForLine(/^\[INFO\] SIGINT: Shutting down$/)
        server.signal(signal)
      }
      assert.deepEqual(await server.exited, { code, signal: null })
      assert.deepEqual(server.stderr, [])
    })
  }

  test('a port that is taken', async () => {
    await using first = await startServer(`.:${await freePort()} {\n whoami\n}\n`)
    await using second = await runServer(`.:0 {\n multisocket 3\n whoami\n}\n.:${first.port} {\n multisocket 3\n whoami\n}\n`)
    assert.deepEqual(await second.exited, { code: 1, signal: null })
    assert.equal(second.stderr.length, 1)
  })
})
