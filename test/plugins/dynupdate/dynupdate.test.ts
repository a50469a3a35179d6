import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { rmSync, truncateSync, writeFileSync } from 'node:fs'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite, test } from 'node:test'
import { connect } from 'node:tls'
import { scrape } from '#test/plugins/multisocket/metrics.ts'
import { Authority, hasOpenssl } from '#test/support/certificates.ts'
import { askTcp } from '#test/support/client.ts'
import { queryMessage, readMessage } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { missing } from '#test/support/programs.ts'
import { SEED as RANDOM, Random } from '#test/support/random.ts'
import { runServer, ServerProcess, startServer } from '#test/support/server.ts'
import { sign, signatureOf } from '#test/support/tsig.ts'
import { until } from '#test/support/waiting.ts'
import { block, KEY, nsupdate, numbered, recordsOf, SEED, type Sections, update, updateAtOnce, updateMessage } from './updates.ts'

const files = { db: SEED }
const start = (lines: string, label = '.:0') => startServer(`${label} {\n${lines}\n}\n`, { files })
const addressOf = async (server: ServerProcess, name: string) =>
  (await server.query(name)).answer.map(line => line.split(' ').at(-1))
const host = (n: number, address = '192.0.2.7') => `host${n}.example.org. 60 IN A ${address}`

async function reload(server: ServerProcess, pattern = /Reloading complete/): Promise<void> {
  const from = server.stdout.length
  server.signal('SIGUSR1')
  await server.waitForLine(pattern, { from })
}

suite('nsupdate', { skip: missing('nsupdate', '-V') ?? false, timeout: 60_000 }, () => {
  for (const args of [[], ['-v']])
    test(`adds, replaces and deletes over ${args.length === 0 ? 'UDP' : 'TCP'}`, async () => {
      await using server = await start(block())
      const does = async (lines: readonly string[], said = /^$/) =>
        assert.match(await nsupdate(server.port, lines, { args }), said)
      await does(['prereq nxrrset new.example.org. A', 'update add new.example.org. 60 A 192.0.2.10'])
      assert.deepEqual(await addressOf(server, 'new.example.org'), ['192.0.2.10'])
      await does(['prereq nxrrset new.example.org. A', 'update add new.example.org. 60 A 192.0.2.11'], /YXRRSET/)
      await does(['update delete new.example.org. A', 'update add new.example.org. 60 A 192.0.2.12'])
      assert.deepEqual(await addressOf(server, 'new.example.org'), ['192.0.2.12'])
      await does(['update delete new.example.org.'])
      assert.equal((await server.query('new.example.org')).rcode, 'NXDOMAIN')
      await does(
        ['update add new.example.org. 60 DS 1 8 2 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20'],
        /NOTIMP/,
      )
      await does(['zone example.net', 'update add new.example.net. 60 A 192.0.2.1'], /REFUSED|NOTAUTH/)
      const soa = (await server.query('example.org', 'SOA')).answer[0]
      assert.match(soa!, / 10 3600 600 86400 30$/)
    })

  test('a secret that is not the right one', async () => {
    await using server = await start(block())
    const key = { ...KEY, secret: Buffer.from('another') }
    assert.match(await nsupdate(server.port, ['update add new.example.org. 60 A 192.0.2.10'], { key }), /BADSIG|NOTAUTH/)
    assert.equal((await server.query('new.example.org')).rcode, 'NXDOMAIN')
  })
})

test('over TLS', { skip: !hasOpenssl() && 'openssl is not on this machine', timeout: 60_000 }, async () => {
  using authority = new Authority()
  authority.issue('dns', 'DNS:dns.example.org')
  const files = `${authority.path('dns.pem')} ${authority.path('dns.key')}`
  await using server = await start(`tls ${files}\n${block()}`, 'tls://.:0')
  const socket = connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false })
  const message = sign(updateMessage({ updates: [host(1)] }), KEY)
  socket.write(Buffer.concat([Buffer.of(message.length >> 8, message.length & 255), message]))
  const [reply] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  assert.equal(readMessage(signatureOf(reply.subarray(2)).unsigned).rcode, 'NOERROR')
  await server.waitForLine(/UPDATE for example\.org\. of update\.example\. at 127\.0\.0\.1: serial is 8/)
})

test('unsigned and wrongly signed updates change nothing', { timeout: 60_000 }, async () => {
  for (const require of [true, false]) {
    await using server = await start(require ? block() : block().replace('require_opcode UPDATE', ''))
    const before = await recordsOf(server)
    const message = updateMessage({ updates: [host(1)] })
    const said = async (query: Buffer) => readMessage((await server.send(query))!).rcode
    assert.equal(await said(message), 'REFUSED')
    const changed = sign(message, KEY)
    changed[changed.indexOf('host1')]! ^= 0x20
    assert.equal(await said(changed), 'NOTAUTH')
    assert.equal(await said(sign(message, { ...KEY, name: 'other.example.' })), 'NOTAUTH')
    assert.equal(await said(sign(message, { ...KEY, secret: Buffer.from('other') })), 'NOTAUTH')
    assert.equal(await said(sign(message, KEY, { time: Math.floor(Date.now() / 1000) - 1000 })), 'NOTAUTH')
    assert.deepEqual(await recordsOf(server), before)
    assert.equal(await update({ updates: [host(1)] }, server), 'NOERROR')
  }
})

test('server blocks without dynupdate do not implement updates, be there others or not', { timeout: 60_000 }, async () => {
  const tsig = `tsig {\n secret ${KEY.name} ${KEY.secret.toString('base64')}\n require_opcode UPDATE\n}\nwhoami\nlog`
  await using alone = await start(tsig)
  const message = updateMessage({ zone: 'example.net.', updates: ['a.example.net. 60 IN A 192.0.2.1'] })
  assert.equal(readMessage((await alone.send(sign(message, KEY)))!).rcode, 'NOTIMP')
  await using beside = await startServer(`example.org:0 {\n${block()}\n}\nexample.net:0 {\n${tsig}\n}\n`, { files })
  assert.equal(readMessage((await beside.send(message, { port: beside.ports[1]! }))!).rcode, 'NOTIMP')
  const port = await freePort()
  await using shared = await startServer(`example.org:${port} {\n${block()}\n}\nexample.net:${port} {\n${tsig}\n}\n`, {
    files,
  })
  assert.equal(readMessage((await shared.send(message))!).rcode, 'NOTIMP')
  assert.equal(await update({ updates: [host(1)] }, shared), 'NOERROR')
})

test('an update names its zone as a question for the SOA record in class IN', { timeout: 60_000 }, async () => {
  await using server = await start(block('chaos'))
  for (const [type, code, rcode] of [
    ['A', 1, 'FORMERR'],
    ['AXFR', 1, 'FORMERR'],
    ['ANY', 1, 'FORMERR'],
    ['SOA', 3, 'REFUSED'],
  ] as const) {
    const message = sign(updateMessage({ type, class: code, updates: [host(1)] }), KEY)
    assert.equal(readMessage(await askTcp(message, server)).rcode, rcode)
  }
  assert.equal((await server.query('host1.example.org')).rcode, 'NXDOMAIN')
})

test('acl comes first', { timeout: 60_000 }, async () => {
  await using server = await start(block('acl {\n block type SOA net 127.0.0.0/8\n}'))
  assert.equal(await update({ updates: [host(1)] }, server), 'REFUSED')
  assert.equal((await server.query('host1.example.org')).rcode, 'NXDOMAIN')
})

test('nothing is cached', { timeout: 60_000 }, async () => {
  await using server = await start(block('cache 3600'))
  for (let i = 0; i < 5; i++) {
    assert.equal((await server.query('host1.example.org')).rcode, 'NXDOMAIN')
    assert.equal(await update({ updates: [host(1)] }, server), 'NOERROR')
    assert.equal((await server.query('host1.example.org')).rcode, 'NOERROR')
    assert.equal(await update({ updates: ['host1.example.org. 0 ANY ANY'] }, server), 'NOERROR')
  }
})

test('other servers are told of each change', { timeout: 60_000 }, async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  let told = 0
  socket.on('message', (message, { port, address }) => {
    told++
    message[2]! |= 0x80
    socket.send(message, port, address)
  })
  await using server = await start(block().replace('to *', `to * 127.0.0.1:${socket.address().port}`))
  await until(() => told === 1)
  for (const n of [2, 3, 4]) {
    assert.equal(await update({ updates: [host(n)] }, server), 'NOERROR')
    await until(() => told === n)
  }
  assert.equal(await update({ updates: [host(4)] }, server), 'NOERROR')
  assert.equal(await update({ updates: ['no.example.org. 0 ANY ANY'] }, server), 'NOERROR')
  assert.equal(await update({ updates: [host(5)] }, server), 'NOERROR')
  await until(() => told === 5)
  socket.close()
})

const counting = (n: number) => ({
  prerequisites: [`count.example.org. 0 IN TXT "${n}"`],
  updates: ['count.example.org. 0 ANY TXT', `count.example.org. 60 IN TXT "${n + 1}"`, host(n)],
})

test('of clients that race for one state, one wins', { timeout: 60_000 }, async () => {
  for (const more of ['', 'multisocket 3']) {
    await using server = await start(block(more))
    await update({ updates: ['count.example.org. 60 IN TXT "0"'] }, server)
    for (let n = 0; n < 20; n++) {
      const said = await Promise.all(Array.from({ length: 8 }, () => update(counting(n), server)))
      assert.deepEqual(said.sort(), ['NOERROR', ...Array(7).fill('NXRRSET')])
    }
    assert.match((await recordsOf(server)).find(line => / soa /.test(line))!, / 28 3600 /)
  }
})

test('each of the updates that arrive together is taken or not, whatever becomes of the others', {
  timeout: 60_000,
}, async () => {
  /** Of which a message holds 240. */
  const texts = (first: number) =>
    Array.from({ length: 130 }, (_, i) => `long.example.org. 60 IN TXT "${String(first + i).padEnd(255, 'x')}"`)
  const all: readonly (Sections & { says: string })[] = [
    { says: 'NOERROR', updates: [host(0)] },
    { says: 'NOERROR', updates: [host(1)] },
    { says: 'NOERROR', prerequisites: ['host1.example.org. 0 ANY A'], updates: [host(2)] },
    { says: 'YXDOMAIN', prerequisites: ['host2.example.org. 0 NONE ANY'], updates: [host(3)] },
    { says: 'NOERROR', updates: texts(0) },
    { says: 'REFUSED', updates: [host(4), ...texts(130)] },
    { says: 'REFUSED', updates: Array.from({ length: 300 }, (_, i) => host(5, `192.0.${i >> 8}.${i & 255}`)) },
    { says: 'NOTZONE', updates: [host(6), 'example.net. 60 IN A 192.0.2.1'] },
    { says: 'NXDOMAIN', prerequisites: ['host4.example.org. 0 ANY ANY'], updates: [host(7)] },
    { says: 'NOERROR', updates: ['no.example.org. 0 ANY ANY'] },
    { says: 'NOERROR', updates: ['host1.example.org. 0 ANY ANY', host(8)] },
  ]
  for (const [more, options] of [
    ['', ''],
    ['', 'database zone.db'],
    ['multisocket 2', 'database zone.db'],
  ] as const) {
    await using server = await start(block(more, { options: `max_records 400\n ${options}` }))
    const said = await updateAtOnce(all, server)
    assert.deepEqual(said, all.map(({ says }) => says)) // biome-ignore format: one line
    const records = await recordsOf(server)
    const hosts = records.filter(line => line.startsWith('host'))
    assert.deepEqual(
      hosts,
      [0, 2, 8].map(n => host(n).toLowerCase()),
    )
    assert.equal(records.filter(line => line.startsWith('long')).length, 130)
    assert.match(records.find(line => / soa /.test(line))!, / 12 3600 /)
  }
})

test('several threads answer with a change as soon as its client hears of it', { timeout: 60_000 }, async () => {
  // So many that a thread needs a while to take a change in.
  const db = `${SEED}$GENERATE 1-4000 many$ A 192.0.2.1\n`
  await using server = await startServer(`.:0 {\n${block('multisocket 3')}\n}\n`, { files: { db } })
  const isEverywhere = async (address: string) => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => addressOf(server, 'host1.example.org')))
    return answers.every(answer => answer.join() === address)
  }
  for (let i = 1; i < 30; i++) {
    const updates = ['host1.example.org. 0 ANY A', host(1, `192.0.2.${i}`)]
    assert.equal(await update({ updates }, server), 'NOERROR')
    assert.ok(await isEverywhere(`192.0.2.${i}`))
    if (i % 10 === 0) await reload(server)
    assert.ok(await isEverywhere(`192.0.2.${i}`))
  }
})

test('a thread that fails keeps nobody from changing the zone, and has it when it is back', { timeout: 60_000 }, async () => {
  const metrics = await freePort()
  await using server = await startServer(`.:0 {\n${block(`multisocket 3\ncrash\nprometheus 127.0.0.1:${metrics}`)}\n}\n`, {
    files,
    env: { NODE_OPTIONS: `--import=${new URL('../multisocket/crash.ts', import.meta.url)}` },
  })
  const acknowledged: number[] = []
  let isOver = false
  const client = async (first: number) => {
    for (let n = first; !isOver; n += 4)
      if ((await update({ updates: [host(n)] }, { port: server.port, timeout: 300 }).catch(() => {})) === 'NOERROR')
        acknowledged.push(n)
  }
  const clients = Promise.all([0, 1, 2, 3].map(client))
  await until(() => acknowledged.length > 20)
  await Promise.all(Array.from({ length: 40 }, () => server.query('crash.example.org', 'A', { timeout: 200 }).catch(() => {})))
  for (const thread of [1, 2]) await server.waitForLine(new RegExp(`serving thread ${thread} has failed and starts again`))
  const before = acknowledged.length
  await until(() => acknowledged.length > before + 20)
  await until(async () => (await scrape(metrics)).get('coredns_serving_threads') === 3)
  isOver = true
  await clients
  const last = `host${acknowledged.at(-1)}.example.org`
  const answers = await Promise.all(Array.from({ length: 40 }, () => addressOf(server, last)))
  assert.ok(answers.every(({ length }) => length === 1))
  const all = await recordsOf(server)
  for (const n of acknowledged) assert.ok(all.includes(host(n).toLowerCase()), `host${n}`)
})

for (const more of ['', 'multisocket 2'])
  test(`nothing is lost in reloads${more && ' of several threads'}`, { timeout: 60_000 }, async () => {
    await using server = await start(block(more, { options: 'database zone.db' }))
    let isOver = false
    const client = async (first: number) => {
      let n = first
      for (; !isOver; n += 2) assert.equal(await update({ updates: [host(n)] }, server, KEY, askTcp), 'NOERROR')
      return n - first
    }
    const clients = Promise.all([client(0), client(1)])
    for (let i = 0; i < 5; i++) {
      await writeFile(server.path('Corefile'), `.:0 {\n${block(`${more}\n# ${i}`, { options: 'database zone.db' })}\n}\n`)
      await reload(server)
    }
    isOver = true
    const counts = await clients
    assert.ok(Math.min(...counts) > 10)
    const all = await recordsOf(server)
    for (const [first, count] of counts.entries())
      for (let n = first; n < first + count; n += 2) assert.ok(all.includes(host(n).toLowerCase()), `host${n}`)
  })

test('without a database, changes outlast a reload', { timeout: 60_000 }, async () => {
  await using server = await start(block())
  await update({ updates: [host(1)] }, server)
  await writeFile(server.path('Corefile'), `.:0 {\n${block('cache')}\n}\n`)
  await reload(server)
  assert.equal((await server.query('host1.example.org')).answer.length, 1)
  // What the zone has by now is more than this allows, and the Corefile that runs stays.
  await writeFile(server.path('Corefile'), `.:0 {\n${block('', { options: 'max_records 14' })}\n}\n`)
  await reload(server, /zone exceeds max_records \(14\)/)
  assert.equal(await update({ updates: [host(2)] }, server), 'NOERROR')
})

test(`octets by chance neither end the server nor change the zone, SEED=${RANDOM}`, { timeout: 60_000 }, async () => {
  const random = new Random(RANDOM)
  await using server = await start(block())
  const before = await recordsOf(server)
  const updates = [
    'www.example.org. 60 IN A 192.0.2.3',
    'mail.example.org. 60 IN MX 5 a.example.org.',
    'a.example.org. 0 NONE TXT "x"',
  ]
  const original = updateMessage({ prerequisites: ['www.example.org. 0 NONE AAAA'], updates })
  for (let i = 0; i < 1500; i++) {
    const message = Buffer.from(original.subarray(0, random.is(0.3) ? random.below(original.length) : original.length))
    for (let n = random.below(4); n > 0; n--)
      if (message.length > 3) message[3 + random.below(message.length - 3)] = random.below(256)
    // Without a key nothing is taken; with one that may do nothing, what is read is not applied.
    await server.send(message, { timeout: 20 }).catch(() => {})
  }
  assert.deepEqual(await recordsOf(server), before)
  assert.ok((await server.query('www.example.org')).answer.length > 0)
})

test(`signed octets by chance get a reply, and the zone stays one, SEED=${RANDOM}`, { timeout: 60_000 }, async () => {
  const random = new Random(RANDOM)
  await using server = await start(block())
  const updates = ['www.example.org. 60 IN A 192.0.2.3', 'mail.example.org. 60 IN MX 5 a.example.org.', 'a.example.org. 0 NONE TXT "x"', 'b.example.org. 0 ANY ANY', 'n.example.org. 60 IN NAPTR 1 2 "" "" "" a.example.org.'] // biome-ignore format: one line
  const original = updateMessage({ prerequisites: ['www.example.org. 0 NONE AAAA'], updates })
  const seen = new Set<string>()
  const end = 12 + 13 + 4
  for (let i = 0; i < 1500; i++) {
    const message = Buffer.from(original)
    for (let n = 1 + random.below(4); n > 0; n--) message[end + random.below(message.length - end)] = random.below(256)
    if (random.is(0.1)) message[6 + random.below(4)] = random.below(3)
    const reply = await server.send(sign(message, KEY), { timeout: 5000 })
    seen.add(readMessage(reply!.subarray(0)).rcode)
  }
  assert.ok(seen.has('NOERROR') && seen.has('FORMERR') && !seen.has('SERVFAIL'), [...seen].join())
  assert.equal((await recordsOf(server)).filter(line => / soa /.test(line)).length, 1)
})

suite('the database', { timeout: 100_000 }, () => {
  const options = 'database zone.db'
  const corefile = `.:0 {\n${block('', { options })}\n}\n`

  /** The server once more, in the folder of one that has ended. */
  const again = ({ folder }: ServerProcess) => new ServerProcess(folder, ['-conf', join(folder, 'Corefile')], {})
  const isUp = (server: ServerProcess) => server.waitForLine(/^\w+\/\w+, node v/)
  async function end(server: ServerProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    server.signal(signal)
    await server.exited
  }

  test('has what was said to be there, whenever the process is killed', async () => {
    const acknowledged = new Set<number>()
    let n = 0
    await using first = await startServer(corefile, { files })
    let server = first
    for (let round = 0; round < 5; round++) {
      const under = server
      const client = async () => {
        for (;;) {
          const mine = n++
          const said = await update({ updates: [host(mine)] }, under, KEY, askTcp).catch(() => undefined)
          if (said !== 'NOERROR') return
          acknowledged.add(mine)
        }
      }
      const before = acknowledged.size
      const clients = Promise.all(Array.from({ length: 30 }, client))
      await until(() => acknowledged.size > before + 100)
      await end(server)
      await clients
      server = again(first)
      await isUp(server)
      const all = await recordsOf(server)
      for (const one of acknowledged) assert.ok(all.includes(host(one).toLowerCase()), `host${one}`)
      const hosts = all.filter(line => line.startsWith('host'))
      assert.ok(
        all.some(line => line.includes(` hostmaster.example.org. ${7 + hosts.length} `)),
        'a serial for each',
      )
    }
    await end(server)
  })

  test('counts once it is there, and the seed no more', async () => {
    await using server = await startServer(corefile, { files })
    await assert.rejects(stat(server.path('zone.db')), { code: 'ENOENT' })
    await update(
      { updates: [host(1), 'example.org. 0 NONE NS ns2.example.org.', 'example.org. 60 IN TXT "\\000\\255x"'] },
      server,
    )
    assert.equal((await stat(server.path('zone.db'))).mode & 0o777, 0o600)
    const before = await recordsOf(server)
    await end(server, 'SIGTERM')
    await rm(server.path('db'))
    const next = again(server)
    await isUp(next)
    assert.deepEqual(await recordsOf(next), before)
    assert.equal(await update({ updates: [host(2)] }, next), 'NOERROR')
    await end(next)
  })

  const others: Readonly<Record<string, readonly [spoil: (path: string) => unknown, reason: RegExp]>> = {
    'a text': [path => writeFileSync(path, 'example.org. 60 IN A 192.0.2.1\n'.repeat(100)), /file is not a database/],
    'another database': [path => change(path, 'CREATE TABLE a (b)', true), /it is not a database of dynupdate/],
    'a later version': [path => change(path, 'PRAGMA user_version = 2'), /it has version 2, not 1/],
    'another zone': [path => change(path, "UPDATE zone SET origin = 'example.net.'"), /it is of zone example\.net\./],
    'no SOA record': [path => change(path, 'DELETE FROM record WHERE type = 6'), /it is damaged: no SOA record/],
    'broken data': [path => change(path, "UPDATE record SET data = x'00' WHERE type = 1"), /it is damaged: a record of /],
    'half of it': [path => truncateSync(path, 8192), /damaged|malformed/],
  }
  function change(path: string, sql: string, isNew = false): void {
    if (isNew) rmSync(path)
    using database = new DatabaseSync(path)
    database.exec(sql)
  }
  for (const [what, [spoil, reason]] of Object.entries(others))
    test(`that is ${what} keeps the server from starting, and stays as it is`, async () => {
      await using server = await startServer(corefile, { files })
      await update({ updates: [host(1)] }, server)
      await end(server)
      spoil(server.path('zone.db'))
      const before = await readFile(server.path('zone.db'))
      const next = again(server)
      await next.exited
      assert.match(next.output, reason)
      assert.match(next.output, /plugin\/dynupdate: \S+Corefile:\d+ - database zone\.db: /)
      assert.deepEqual(await readFile(server.path('zone.db')), before)
    })

  test('that another process has is not touched', async () => {
    await using server = await startServer(corefile, { files })
    await update({ updates: [host(1)] }, server)
    const next = again(server)
    await next.exited
    assert.match(next.output, /database zone\.db: database is locked/)
    assert.equal(await update({ updates: [host(2)] }, server), 'NOERROR')
  })

  test('that cannot be written leaves the zone as it is', async () => {
    await using server = await startServer(corefile, { files })
    await update({ updates: [host(1)] }, server)
    await rename(server.path('zone.db'), server.path('other.db'))
    assert.equal(await update({ updates: [host(2)] }, server), 'SERVFAIL')
    await server.waitForLine(/UPDATE for example\.org\. .* failed: database zone\.db: /)
    assert.equal((await server.query('host2.example.org')).rcode, 'NXDOMAIN')
    await writeFile(server.path('zone.db'), 'another')
    assert.equal(await update({ updates: [host(2)] }, server), 'SERVFAIL')
    await rename(server.path('other.db'), server.path('zone.db'))
    assert.equal(await update({ updates: [host(2)] }, server), 'NOERROR')
    const soa = (await server.query('example.org', 'SOA')).answer[0]
    assert.match(soa!, / 9 3600 /)
  })

  const slow = { NODE_OPTIONS: `--import=${new URL('slow-disk.ts', import.meta.url)}` }

  test('on a slow disk keeps no query waiting, and is written once for all updates that gather', async () => {
    await using server = await startServer(corefile, { files: { ...files, stuck: '' }, env: slow })
    await using client = server.connect()
    const updates = Array.from({ length: 51 }, (_, id) => numbered(id, { updates: [host(id)] }))
    client.send(...updates, queryMessage('host0.example.org', 'A'))
    assert.equal(readMessage((await client.next())!).rcode, 'NXDOMAIN')
    await rm(server.path('stuck'))
    for (const _ of updates) assert.equal(readMessage(signatureOf((await client.next())!).unsigned).rcode, 'NOERROR')
    assert.equal((await server.query('host50.example.org')).rcode, 'NOERROR')
    assert.equal((await stat(server.path('commits'))).size, 2)
  })

  test('whose thread has failed takes no more updates, until a restart', async () => {
    await using server = await startServer(corefile, { files, env: slow })
    assert.equal(await update({ updates: [host(0)] }, server), 'NOERROR')
    await writeFile(server.path('last'), '')
    let n = 1
    await until(async () => (await update({ updates: [host(n++)] }, server)) === 'SERVFAIL')
    assert.equal(await update({ updates: [host(n)] }, server), 'SERVFAIL')
    const reason = / failed: database zone\.db: its thread has failed: failed as it was asked to$/
    await until(() => server.output.split('\n').filter(line => reason.test(line)).length === 2)
    assert.equal((await server.query('host0.example.org')).rcode, 'NOERROR')
    await end(server, 'SIGTERM')
    const next = again(server)
    await isUp(next)
    assert.equal((await next.query('host0.example.org')).rcode, 'NOERROR')
    assert.equal(await update({ updates: [host(n)] }, next), 'NOERROR')
    await end(next)
  })

  test('on a full disk stays as it was, and takes updates when there is room', {
    skip: missing('prlimit', '-V') ?? false,
  }, async () => {
    await using server = await startServer(corefile, { files })
    const limit = (size: number | 'unlimited') => execFileSync('prlimit', [`--fsize=${size}:`, '--pid', `${server.child.pid}`])
    const text = (n: number) => ({ updates: [`text${n}.example.org. 60 IN TXT "${'x'.repeat(255)}"`] })
    await update({ updates: [host(1)] }, server)
    const before = await recordsOf(server)
    limit((await stat(server.path('zone.db'))).size)
    const many = Array.from({ length: 200 }, (_, n) => text(n))
    const said = await updateAtOnce(many, server)
    const failed = said.flatMap((rcode, n) => (rcode === 'SERVFAIL' ? n : []))
    assert.ok(failed.length > 0)
    await server.waitForLine(/UPDATE for example\.org\. .* failed: database zone\.db: /)
    const taken = said.flatMap((rcode, n) => (rcode === 'NOERROR' ? text(n).updates : []))
    assert.equal(taken.length + failed.length, many.length)
    const isSoa = (line: string) => / soa /.test(line)
    const now = await recordsOf(server)
    assert.deepEqual(
      now.filter(line => !isSoa(line)),
      [...before.filter(line => !isSoa(line)), ...taken.map(line => line.toLowerCase())].sort(),
    )
    limit('unlimited')
    assert.deepEqual(new Set(await updateAtOnce(failed.map(text), server)), new Set(['NOERROR']))
    const all = await recordsOf(server)
    await end(server)
    const next = again(server)
    await isUp(next)
    assert.deepEqual(await recordsOf(next), all)
    await end(next)
  })

  test('in a folder that is not there keeps the server from starting', async () => {
    await using server = await runServer(corefile.replace('zone.db', 'none/zone.db'), { files })
    await server.exited
    assert.match(server.output, /database none\/zone\.db: ENOENT/)
  })

  test('of two server blocks for one zone is one', async () => {
    const inner = block('', { options })
    await using server = await startServer(`example.org:0 {\n${inner}\n}\nother.example:0 {\n${inner}\n}\n`, { files })
    assert.equal(await update({ updates: [host(1)] }, server), 'NOERROR')
    assert.equal((await server.query('host1.example.org')).answer.length, 1)
  })
})

suite('the seed', { timeout: 60_000 }, () => {
  for (const [line, reason] of [
    ['a DS 1 8 2 0102', /db:17: zones with DS records cannot be updated/],
    ['example.net. A 192.0.2.1', /db:17: example\.net\. is not below example\.org\./],
    ['www CNAME mail', /db:17: www\.example\.org\. has CNAME and other records/],
    ['@ SOA ns hostmaster 8 1 2 3 4', /db:17: a second SOA record/],
    ['www SOA ns hostmaster 8 1 2 3 4', /db:17: the SOA record is of www\.example\.org\., the zone is example\.org\./],
    ['www CH A 192.0.2.1', /db:17: class CH in a zone of class IN/],
    ['www A', /db:17: /],
  ] as const)
    test(`does not have ${line}`, async () => {
      await using server = await runServer(`.:0 {\n${block()}\n}\n`, { files: { db: `${SEED}${line}\n` } })
      await server.exited
      assert.match(server.output, reason)
    })

  test('has an SOA record whose serial is not 0, and is there', async () => {
    for (const [db, reason] of [
      [SEED.replace('hostmaster 7', 'hostmaster 0'), /db:3: the serial of the SOA record is 0/],
      [SEED.replace(/@ SOA.*\n/, ''), /db: no SOA record/],
      [undefined, /ENOENT.*db/],
    ] as const) {
      await using server = await runServer(`.:0 {\n${block()}\n}\n`, db === undefined ? {} : { files: { db } })
      await server.exited
      assert.match(server.output, reason)
    }
  })
})
