import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { TcpClient } from '#test/support/client.ts'
import { extendedErrorOf, queryMessage } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { always, delayed, over, reply, silence, zone } from '#test/support/scripts.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'
import { type Asked, type FakeUpstream, type Script, startUpstream } from '#test/support/upstream.ts'
import { shortest, until } from '#test/support/waiting.ts'
import { type LocalServer, startLocal } from './server.ts'

const WEB = 'web.example.org. 300 IN A 192.0.2.1'
const example = zone(WEB)
const isHealthCheck = ({ name, type }: Asked) => name === '.' && type === 'NS'
/** Names that were asked for, health checks left out. */
const namesAt = (upstream: FakeUpstream) => upstream.seen.filter(asked => !isHealthCheck(asked)).map(({ name }) => name)

/** Milliseconds until the answer, which must be right. */
async function timeOf(server: LocalServer, name = 'web.example.org.'): Promise<number> {
  const start = performance.now()
  const { rcode } = await server.query(name)
  assert.notEqual(rcode, 'SERVFAIL')
  return performance.now() - start
}

/** Milliseconds until SERVFAIL. */
async function failureTime(server: ServerProcess): Promise<number> {
  const start = performance.now()
  assert.equal((await server.query('web.example.org.')).rcode, 'SERVFAIL')
  return performance.now() - start
}

test('a silent upstream is left after 200 ms, and not asked first any more', async () => {
  const time = await shortest(350, async () => {
    await using dead = await startUpstream(silence)
    await using alive = await startUpstream(example)
    await using server = await startLocal(`forward . ${dead.to} ${alive.to} {\npolicy sequential\n}`)
    const first = await timeOf(server)
    for (let i = 0; i < 10; i++) await timeOf(server, `n${i}.example.org.`)
    assert.deepEqual(namesAt(dead), ['web.example.org.'])
    return first
  })
  assert.ok(time > 150 && time < 350, `${time} ms`)
})

test('the first one may still win after the second was asked', async () => {
  await using dead = await startUpstream(silence)
  await using slow = await startUpstream(async asked => {
    await dead.saw(1)
    return example(asked) as Buffer
  })
  await using server = await startLocal(`forward . ${slow.to} ${dead.to} {\npolicy sequential\n}`)
  assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
  assert.deepEqual([namesAt(slow).length, namesAt(dead).length], [1, 1])
})

test('a datagram that got lost is sent again, from another port, to an upstream that is the only one', async () => {
  const time = await shortest(350, async () => {
    let lost = 1
    await using upstream = await startUpstream(asked => (lost-- > 0 ? undefined : example(asked)))
    await using server = await startLocal(`forward . ${upstream.to}`)
    return await timeOf(server)
  })
  assert.ok(time < 350, `${time} ms`)
})

test('an upstream that is slow for one name and answers others is not avoided', async () => {
  const script: Script = asked => (asked.name === 'slow.example.org.' ? delayed(500, example)(asked) : example(asked))
  await using first = await startUpstream(script)
  await using second = await startUpstream(script)
  await using server = await startLocal(`forward . ${first.to} ${second.to} {\npolicy sequential\n}`)
  const slow = server.query('slow.example.org.')
  for (let i = 0; i < 20; i++) {
    await server.query(`n${i}.example.org.`)
    await sleep(20)
  }
  assert.equal((await slow).rcode, 'NXDOMAIN')
  assert.deepEqual(namesAt(second), ['slow.example.org.'])
  assert.ok(!first.seen.some(isHealthCheck))
})

test('a closed port is left at once', async () => {
  const closed = `127.0.0.1:${await freePort()}`
  await using alive = await startUpstream(example)
  for (const options of ['', 'force_tcp\n']) {
    const time = await shortest(100, async () => {
      await using server = await startLocal(`forward . ${closed} ${alive.to} {\npolicy sequential\n${options}}`)
      return await timeOf(server)
    })
    assert.ok(time < 100, `${time} ms`)
  }
})

test('an error that comes out of a later send concerns the queries before, too', async () => {
  const closed = `127.0.0.1:${await freePort()}`
  const time = await shortest(100, async () => {
    await using alive = await startUpstream(example)
    await using server = await startLocal(
      `forward . ${closed} ${alive.to} {\npolicy sequential\nprefer_udp\nmax_idle_conns 1\nmax_fails 0\n}`,
    )
    await using client = new TcpClient({ port: server.port })
    const start = performance.now()
    client.send(queryMessage('a.example.org.', 'A'), queryMessage('b.example.org.', 'A'))
    await client.next()
    await client.next()
    assert.deepEqual(namesAt(alive).sort(), ['a.example.org.', 'b.example.org.'])
    return performance.now() - start
  })
  assert.ok(time < 100, `${time} ms`)
})

test('a closed port is left at once, also while another upstream is silent', async () => {
  await using silent = await startUpstream(silence)
  const closed = `127.0.0.1:${await freePort()}`
  await using alive = await startUpstream(example)
  const time = await shortest(350, async () => {
    await using server = await startLocal(`forward . ${silent.to} ${closed} ${alive.to} {\npolicy sequential\n}`)
    return await timeOf(server)
  })
  assert.ok(time > 150 && time < 350, `${time} ms`)
})

test('failover does not count as an attempt', async () => {
  await using first = await startUpstream(always(2))
  await using second = await startUpstream(example)
  await using server = await startLocal(
    `forward . ${first.to} ${second.to} {\npolicy sequential\nmax_connect_attempts 1\nfailover SERVFAIL\n}`,
  )
  assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
})

test('with every port closed: SERVFAIL at once, with the reason', async () => {
  const closed = `127.0.0.1:${await freePort()}`
  for (const [options, reason] of [
    ['', `read udp ${closed}: read: connection refused`],
    ['force_tcp\n', `dial tcp ${closed}: connect: connection refused`],
  ] as const) {
    await using server = await startServer(`.:0 {\nerrors\nforward . ${closed} {\n${options}}\n}\n`)
    assert.ok((await shortest(150, () => failureTime(server))) < 150)
    await server.waitForLine(new RegExp(`2 web\\.example\\.org\\. A: ${reason.replaceAll('.', '\\.')}$`))
    assert.equal(extendedErrorOf(await server.query('web.example.org.', 'A', { edns: true })), '22')
  }
})

test('an address that cannot be reached: SERVFAIL at once, with the reason', async () => {
  await using server = await startServer('.:0 {\nerrors\nforward . 255.255.255.255\n}\n')
  assert.ok((await shortest(150, () => failureTime(server))) < 150)
  await server.waitForLine(/A: dial udp 255\.255\.255\.255:53: connect: \w/)
})

test('silence to the end: SERVFAIL after max_connect_attempts read timeouts, with the reason', async () => {
  const time = await shortest(800, async () => {
    await using dead = await startUpstream(silence)
    await using server = await startServer(`.:0 {\nerrors\nforward . ${dead.to} {\nread_timeout 300ms\n}\n}\n`)
    const failed = await failureTime(server)
    await server.waitForLine(new RegExp(`2 web\\.example\\.org\\. A: read udp ${RegExp.escape(dead.to)}: i/o timeout$`))
    assert.equal(namesAt(dead).length, 2)
    return failed
  })
  assert.ok(time > 550 && time < 800, `${time} ms`)
})

test('max_connect_attempts bounds the tries; 0 stands for the time alone', async () => {
  for (const [attempts, expected] of [
    ['1', 1],
    ['3', 3],
  ] as const) {
    await using first = await startUpstream(silence)
    await using second = await startUpstream(silence)
    await using server = await startLocal(
      `forward . ${first.to} ${second.to} {\nmax_connect_attempts ${attempts}\nread_timeout 400ms\n}`,
    )
    assert.equal((await server.query('web.example.org.')).rcode, 'SERVFAIL')
    assert.equal(namesAt(first).length + namesAt(second).length, expected)
  }
  await using dead = await startUpstream(silence)
  await using server = await startLocal(`forward . ${dead.to} {\nmax_connect_attempts 0\nread_timeout 100ms\n}`)
  const start = performance.now()
  assert.equal((await server.query('web.example.org.')).rcode, 'SERVFAIL')
  assert.ok(performance.now() - start > 4900)
  assert.ok(namesAt(dead).length >= 4 && namesAt(dead).length <= 6, `${namesAt(dead).length} tries`)
})

test('read_timeout may be longer than the 5 s that a question otherwise has', async () => {
  await using upstream = await startUpstream(delayed(5200, example))
  await using server = await startLocal(`forward . ${upstream.to} {\nread_timeout 6s\n}`)
  assert.deepEqual((await server.query('web.example.org.')).answer, [WEB])
})

test('an upstream that is named twice is one', async () => {
  await using upstream = await startUpstream(silence)
  await using server = await startLocal(`forward . ${upstream.to} dns://${upstream.to} {\nread_timeout 500ms\n}`)
  await server.query('web.example.org.')
  assert.equal(namesAt(upstream).length, 2)
})

test('policies: sequential takes the first, round_robin each in its turn, random any', async () => {
  for (const [policy, isRight] of [
    ['sequential', (first: number) => first === 60],
    ['round_robin', (first: number) => first === 30],
    ['random', (first: number) => first > 8 && first < 52],
  ] as const) {
    const ask = async () => {
      await using first = await startUpstream(example)
      await using second = await startUpstream(example)
      await using server = await startLocal(`forward . ${first.to} ${second.to} {\npolicy ${policy}\n}`)
      for (let i = 0; i < 60; i++) await server.query(`n${i}.example.org.`)
      return [first.seen.length, second.seen.length] as const
    }
    let asked = await ask()
    // On a machine that stands still for 200 ms, the other one is asked as well: that tells nothing of the policy.
    for (let i = 0; i < 4 && asked[0] + asked[1] > 60; i++) asked = await ask()
    assert.ok(isRight(asked[0]), `${policy}: ${asked[0]} of 60`)
    assert.equal(asked[0] + asked[1], 60)
  }
})

test('failover: the next upstream is asked for these rcodes; when all say so, the last one’s reply is taken', async () => {
  await using first = await startUpstream(always(2))
  await using second = await startUpstream(example)
  const forward = (options: string) => startLocal(`forward . ${first.to} ${second.to} {\npolicy sequential\n${options}\n}`)
  await using plain = await forward('')
  assert.equal((await plain.query('web.example.org.')).rcode, 'SERVFAIL')
  await using failover = await forward('failover SERVFAIL refused')
  assert.deepEqual((await failover.query('web.example.org.')).answer, [WEB])
  second.script = always(5)
  const count = first.seen.length
  assert.equal((await failover.query('web.example.org.')).rcode, 'REFUSED')
  assert.equal(first.seen.length, count + 1)
  second.script = always(3)
  assert.equal((await failover.query('web.example.org.')).rcode, 'NXDOMAIN')
})

test('health checks begin after an error, come every interval, and end with a reply', async () => {
  await using upstream = await startUpstream(silence)
  await using server = await startLocal(
    `forward . ${upstream.to} {\nhealth_check 50ms no_rec domain health.example.org\nread_timeout 100ms\n}`,
  )
  await server.query('web.example.org.')
  const checks = () => upstream.seen.filter(({ name, type }) => name === 'health.example.org.' && type === 'NS')
  await until(() => checks().length >= 2)
  assert.deepEqual([checks()[0]?.flags, checks()[0]?.transport], ['', 'udp'])
  assert.ok(checks()[1]!.at - checks()[0]!.at >= 1000)
  upstream.script = always(5)
  const count = checks().length
  await until(() => checks().length > count)
  const ended = checks().length
  await sleep(200)
  assert.equal(checks().length, ended)
  assert.ok(
    ((await server.metric('coredns_proxy_healthcheck_failures_total', { proxy_name: 'forward', to: upstream.to })) ?? 0) >= 1,
  )
  assert.equal((await server.query('web.example.org.')).rcode, 'REFUSED')
})

test('max_fails 0: no checks, and an upstream that failed is tried again after a second', async () => {
  await using first = await startUpstream(silence)
  await using second = await startUpstream(example)
  await using server = await startLocal(`forward . ${first.to} ${second.to} {\npolicy sequential\nmax_fails 0\n}`)
  await timeOf(server)
  await timeOf(server, 'b.example.org.')
  first.script = example
  await sleep(1000)
  await timeOf(server, 'c.example.org.')
  assert.deepEqual(
    first.seen.map(({ name }) => name),
    ['web.example.org.', 'c.example.org.'],
  )
})

test('health checks go over TCP with force_tcp', async () => {
  await using upstream = await startUpstream(asked => (isHealthCheck(asked) ? reply(asked) : undefined))
  await using server = await startLocal(`forward . ${upstream.to} {\nforce_tcp\nread_timeout 100ms\n}`)
  await server.query('tcp.example.org.')
  // Over UDP, one may still come that was meant for who had the port before.
  await until(() => upstream.seen.some(asked => isHealthCheck(asked) && asked.transport === 'tcp'))
  assert.ok(upstream.seen.every(({ name, transport }) => name !== 'tcp.example.org.' || transport === 'tcp'))
})

test('with every upstream down, one is asked all the same; with failfast_all_unhealthy_upstreams, none', async () => {
  for (const options of ['', 'failfast_all_unhealthy_upstreams']) {
    const port = await freePort()
    const upstream = await startUpstream(silence, { port })
    await upstream.stop()
    await using server = await startLocal(`forward . ${upstream.to} {\nmax_fails 1\nhealth_check 20ms\n${options}\n}`)
    await server.query('web.example.org.')
    await until(async () => ((await server.metric('coredns_proxy_healthcheck_failures_total')) ?? 0) >= 2)
    // It comes back, but replies to no health check.
    await using back = await startUpstream(asked => (isHealthCheck(asked) ? undefined : example(asked)), { port })
    const { rcode } = await server.query('web.example.org.')
    assert.equal(rcode, options === '' ? 'NOERROR' : 'SERVFAIL')
    assert.equal(namesAt(back).length, options === '' ? 1 : 0)
    assert.equal(await server.metric('coredns_forward_healthcheck_broken_total'), 1)
  }
})

test('an upstream that is down is left out while another is up', async () => {
  const port = await freePort()
  const down = await startUpstream(silence, { port })
  await down.stop()
  await using alive = await startUpstream(example)
  await using server = await startLocal(
    `forward . ${down.to} ${alive.to} {\npolicy sequential\nmax_fails 1\nhealth_check 20ms\n}`,
  )
  await server.query('web.example.org.')
  await until(async () => ((await server.metric('coredns_proxy_healthcheck_failures_total', { to: down.to })) ?? 0) >= 2)
  await using back = await startUpstream(over({}), { port })
  alive.script = delayed(700, example)
  assert.equal((await server.query('web.example.org.')).rcode, 'NOERROR')
  assert.deepEqual(namesAt(back), [])
})

test('durations are told by upstream and rcode', async () => {
  await using upstream = await startUpstream(example)
  await using server = await startLocal(`forward . ${upstream.to}`)
  await server.query('web.example.org.')
  await server.query('none.example.org.')
  for (const rcode of ['NOERROR', 'NXDOMAIN']) {
    const labels = { proxy_name: 'forward', to: upstream.to, rcode }
    assert.equal(await server.metric('coredns_proxy_request_duration_seconds_count', labels), 1)
  }
})
