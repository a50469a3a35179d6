import assert from 'node:assert/strict'
import { rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { FLAG, OPTION, RCODE } from '#src/dns/codes.ts'
import { failure, Reply, unreachable } from '#src/plugin.ts'
import { type InProcessServer, startInFolder, writeFiles } from '#test/support/in-process.ts'
import { SIGNED, ZONE } from './zones.ts'

/** A server whose only files are these; `options` are those of *file*, for `db` and example.org. */
async function serve(
  files: Readonly<Record<string, string>>,
  options = '',
  lines = '',
): Promise<{ server: InProcessServer; folder: string } & AsyncDisposable> {
  return startInFolder(folder => writeFiles(folder, files), `  file db example.org {\n${options}\n}\n${lines}\n  script`)
}

const zone = (serial: number, address: string) => `$TTL 60\n@ SOA ns hostmaster ${serial} 2 3 4 5\n@ NS ns\nwww A ${address}\n`
const addressOf = async (server: InProcessServer, name = 'www.example.org') =>
  (await server.query(name)).answer.join().split(' ').at(-1)

test('answers, referrals and denials', async () => {
  await using served = await serve({ db: ZONE })
  const { server } = served
  const ns = ['example.org. 300 IN NS ns1.example.org.', 'example.org. 300 IN NS ns.outside.example.']
  const soa = ['example.org. 600 IN SOA ns1.example.org. hostmaster.example.org. 7 7200 3600 1209600 600']
  const cases = [
    ['WWW.example.org.', 'A', 'qr aa rd', ['WWW.example.org. 300 IN A 192.0.2.10', 'WWW.example.org. 300 IN A 192.0.2.11'], ns, []],
    ['mail.example.org.', 'MX', 'qr aa rd', [], soa, []],
    ['deep.example.org.', 'A', 'qr aa rd', [], soa, []],
    ['x.wild.example.org.', 'MX', 'qr aa rd', ['x.wild.example.org. 300 IN MX 10 mail.example.org.'], ns, ['mail.example.org. 300 IN A 192.0.2.25', 'mail.example.org. 300 IN AAAA 2001:db8::25']],
    ['alias2.example.org.', 'AAAA', 'qr aa rd', ['alias2.example.org. 300 IN CNAME alias.example.org.', 'alias.example.org. 300 IN CNAME www.example.org.', 'www.example.org. 300 IN AAAA 2001:db8::10'], ns, []],
    ['totxt.example.org.', 'A', 'qr aa rd', ['totxt.example.org. 300 IN CNAME txt.example.org.'], soa, []],
    ['x.y.sub2.example.org.', 'A', 'qr rd', [], ['sub2.example.org. 300 IN NS ns.sub2.example.org.'], []],
    ['alias.dname.example.org.', 'A', 'qr aa rd', [
      'dname.example.org. 300 IN DNAME target.example.org.', 'alias.dname.example.org. 300 IN CNAME alias.target.example.org.',
      'alias.target.example.org. 300 IN CNAME www.example.org.', 'www.example.org. 300 IN A 192.0.2.10', 'www.example.org. 300 IN A 192.0.2.11',
    ], ns, []],
    ['www.example.org.', 'ANY', 'qr aa rd', ['www.example.org. 300 IN A 192.0.2.10', 'www.example.org. 300 IN A 192.0.2.11'], ns, []],
  ] as const // biome-ignore format: a table
  for (const [name, type, flags, answer, authority, additional] of cases) {
    for (let i = 0; i < 2; i++) {
      const reply = await server.queryTcp(name, type)
      assert.deepEqual(
        [name, reply.rcode, reply.flags, reply.answer, reply.authority, reply.additional],
        [name, 'NOERROR', flags, answer, authority, additional],
      )
    }
  }
  assert.equal((await server.query('unknown.example.org')).rcode, 'NXDOMAIN')
  assert.equal((await server.query('self.example.org')).rcode, 'SERVFAIL')
  assert.match(await server.waitForLine(/self/), /aliases lead from self\.example\.org\. round in a circle/)
  // 253 octets with the target's end in place of its own (RFC 6672 §2.2).
  assert.equal((await server.query(`${'w'.repeat(60)}.dlong.example.org`)).rcode, 'YXDOMAIN')
})

test('nobody gets the whole zone, and other classes and names are passed on', async () => {
  await using served = await serve({ db: zone(1, '192.0.2.1') })
  const { server } = served
  for (const type of ['AXFR', 'IXFR']) assert.equal((await server.queryTcp('example.org', type)).rcode, 'REFUSED')
  const asked: string[] = []
  server.script = query => {
    asked.push(query.name)
    throw new Error('asked')
  }
  for (const name of ['www.example.com', 'unknown.example.org', 'example.org']) await server.query(name)
  assert.deepEqual(asked, ['www.example.com.'])
})

test('names without records go to the next plugin where fallthrough says so', async () => {
  await using served = await serve({ db: ZONE }, 'fallthrough')
  const { server } = served
  const asked: string[] = []
  server.script = query => {
    asked.push(query.name)
    throw new Error('asked')
  }
  for (const name of ['unknown', 'deep', 'www', 'x.wild', 'wild', 'x.sub', 'tonothing', 'x.ent.wild'])
    await server.query(`${name}.example.org`, 'TXT')
  const missing = ['unknown', 'deep', 'wild', 'nothing', 'x.ent.wild'].map(name => `${name}.example.org.`)
  assert.deepEqual(asked, missing)
})

test('the name of a zone that has SOA and NS alone is for the next plugin, too', async () => {
  const asked = async (db: string) => {
    await using served = await serve({ db }, 'fallthrough')
    const { server } = served
    const names: string[] = []
    server.script = query => {
      names.push(query.name)
      return failure('asked')
    }
    for (const type of ['SOA', 'NS', 'MX']) await server.query('example.org', type)
    await server.query('alias.example.org', 'MX')
    return names
  }
  const db = `${zone(1, '192.0.2.1')}alias CNAME @\n`
  assert.deepEqual(await asked(db), ['example.org.', 'example.org.'])
  assert.deepEqual(await asked(`${db}@ A 192.0.2.1\n`), [])
})

test('a target that the zone does not have is asked for like any other name', async () => {
  const template = 'template IN A nothing.example.org {\n answer "{{ .Name }} 60 IN A 192.0.2.99"\n}'
  await using served = await serve({ db: ZONE }, '', template)
  const { answer, authority } = await served.server.query('tonothing.example.org')
  const alias = 'tonothing.example.org. 300 IN CNAME nothing.example.org.'
  assert.deepEqual(answer, [alias, 'nothing.example.org. 60 IN A 192.0.2.99'])
  assert.match(authority[0]!, / NS /)
  await using passing = await serve({ db: ZONE }, 'fallthrough')
  const { server } = passing
  server.script = query => failure(`asked for ${query.name}`)
  const reply = await server.query('tonothing.example.org')
  assert.deepEqual([reply.rcode, reply.answer], ['SERVFAIL', [alias]])
  await server.waitForLine(/asked for nothing\.example\.org\./)
  server.script = () => Object.assign(new Reply(RCODE.NOERROR), { flags: FLAG.TC })
  assert.equal((await server.query('tonothing.example.org')).flags, 'qr aa tc rd')
  const { additional } = await server.query('towild.example.org', 'MX')
  assert.deepEqual(additional, ['mail.example.org. 300 IN A 192.0.2.25', 'mail.example.org. 300 IN AAAA 2001:db8::25'])
})

test('an alias of the whole zone does not hide its SOA and NS records', async () => {
  await using served = await serve({ db: `${zone(1, '192.0.2.1')}@ CNAME www\n` })
  const answers = async (type: string) => (await served.server.query('example.org', type)).answer
  const alias = 'example.org. 60 IN CNAME www.example.org.'
  assert.deepEqual(await answers('SOA'), ['example.org. 60 IN SOA ns.example.org. hostmaster.example.org. 1 2 3 4 5'])
  assert.deepEqual(await answers('NS'), ['example.org. 60 IN NS ns.example.org.'])
  assert.deepEqual(await answers('A'), [alias, 'www.example.org. 60 IN A 192.0.2.1'])
  assert.deepEqual(await answers('MX'), [alias])
})

test('other names are refused where nobody else is asked', async () => {
  const fill = (folder: string) => writeFiles(folder, { db: zone(1, '192.0.2.1') })
  await using served = await startInFolder(fill, 'file db example.org\nwhoami')
  await using alone = await startInFolder(fill, 'file db example.org')
  assert.equal((await served.server.query('www.example.com')).rcode, 'NOERROR')
  assert.equal((await alone.server.query('www.example.com')).rcode, 'REFUSED')
  assert.equal((await alone.server.query('gone.example.org')).rcode, 'NXDOMAIN')
})

test('fallthrough for some zones', async () => {
  await using served = await serve({ db: ZONE }, 'fallthrough a.example.org')
  const { server } = served
  assert.equal((await server.query('x.a.example.org')).rcode, 'NOERROR')
  assert.equal((await server.query('x.b.example.org')).rcode, 'NXDOMAIN')
})

test('an alias whose target could not be asked for says why', async () => {
  await using served = await serve({ db: `${zone(1, '192.0.2.1')}out CNAME www.example.net.\n` })
  served.server.script = () => unreachable('nobody is there')
  const { rcode, edns } = await served.server.query('out.example.org', 'A', { edns: true })
  assert.deepEqual([rcode, edns?.options.get(OPTION.EDE)], ['SERVFAIL', Buffer.of(0, 22)])
})

suite('a file that is read again', () => {
  const again = 'reload 20ms'

  test('with another serial is served', async () => {
    await using served = await serve({ db: zone(2, '192.0.2.1') }, again)
    const { server, folder } = served
    assert.equal(await addressOf(server), '192.0.2.1')
    await writeFile(join(folder, 'db'), zone(1, '192.0.2.22'))
    assert.match(
      await server.waitForLine(/reloaded/),
      /^\[INFO\] plugin\/file: Successfully reloaded zone "example\.org\." in "\S+\/db" with 1 SOA serial$/,
    )
    assert.equal(await addressOf(server), '192.0.2.22')
  })

  test('with the same serial is not, but where the time counts', async () => {
    await using same = await serve({ db: zone(1, '192.0.2.1') }, again)
    await using byTime = await serve({ db: zone(1, '192.0.2.1') }, `${again}\nreload_by_mtime`)
    for (const { folder } of [same, byTime]) await writeFile(join(folder, 'db'), zone(1, '192.0.2.22'))
    await byTime.server.waitForLine(/reloaded/)
    assert.equal(await addressOf(byTime.server), '192.0.2.22')
    await setTimeout(60)
    assert.equal(await addressOf(same.server), '192.0.2.1')
    assert.ok(!same.server.lines.some(line => /reloaded|Parsing/.test(line)))
  })

  test('and is bad is told once, and what was read before is kept', async () => {
    await using served = await serve({ db: zone(1, '192.0.2.1') }, again)
    const { server, folder } = served
    await writeFile(join(folder, 'db'), `${zone(2, '192.0.2.22')}www A\n`)
    assert.match(
      await server.waitForLine(/Parsing/),
      /^\[ERROR\] plugin\/file: Parsing zone "example\.org\.": \S+\/db:5: ADDRESS is missing$/,
    )
    assert.equal(await addressOf(server), '192.0.2.1')
    await setTimeout(60)
    assert.equal(server.lines.filter(line => line.includes('Parsing')).length, 1)
    await rm(join(folder, 'db'))
    assert.match(await server.waitForLine(/Failed/), /^\[ERROR\] plugin\/file: Failed to open zone "example\.org\.": ENOENT/)
    assert.equal(await addressOf(server), '192.0.2.1')
    await writeFile(join(folder, 'db'), zone(3, '192.0.2.3'))
    await server.waitForLine(/reloaded/)
    assert.equal(await addressOf(server), '192.0.2.3')
  })

  test('and is gone when the Corefile is loaded again is kept, and read when it is back', async () => {
    await using served = await serve({ db: zone(1, '192.0.2.1') }, again)
    const { server, folder } = served
    await rm(join(folder, 'db'))
    await server.server.reload()
    await server.waitForLine(/trying again/)
    assert.equal(await addressOf(server), '192.0.2.1')
    await writeFile(join(folder, 'db'), zone(3, '192.0.2.3'))
    await server.waitForLine(/reloaded/)
    assert.equal(await addressOf(server), '192.0.2.3')
  })

  test('may come later', async () => {
    await using served = await serve({}, again)
    const { server, folder } = served
    assert.match(server.lines.join('\n'), /\[WARNING\] plugin\/file: Failed to open \S+\/db: trying again in 20ms/)
    assert.equal((await server.query('www.example.org')).rcode, 'SERVFAIL')
    await writeFile(join(folder, 'db'), zone(3, '192.0.2.3'))
    await server.waitForLine(/reloaded/)
    assert.equal(await addressOf(server), '192.0.2.3')
  })

  test('is not where reload is 0', async () => {
    await using served = await serve({ db: zone(1, '192.0.2.1') }, 'reload 0s\nreload_by_mtime')
    await utimes(join(served.folder, 'db'), 0, 0)
    await setTimeout(60)
    assert.ok(!served.server.lines.some(line => line.includes('reloaded')))
  })
})

suite('the server does not start', () => {
  const bad: Readonly<Record<string, readonly [db: string, message: RegExp]>> = {
    'with a bad line': [
      `${zone(1, '192.0.2.1')}x A y`,
      /^plugin\/file: Corefile:4 - \S+\/db:5: ADDRESS must be an IPv4 address: 'y'$/,
    ],
    'without an SOA': ['$TTL 5\n@ NS ns', /^plugin\/file: Corefile:4 - \S+\/db: no SOA record for example\.org\.$/],
    "with another zone's SOA": [
      zone(1, '192.0.2.1').replace('@', 'a'),
      /db:2: the SOA record is of a\.example\.org\., the zone is example\.org\.$/,
    ],
    'with two SOAs': [zone(1, '192.0.2.1') + zone(2, '192.0.2.1'), /db:6: a second SOA record$/],
    'with another class': [`${zone(1, '192.0.2.1')}x CH TXT y`, /db:5: class CH in a zone of class IN$/],
    'with NSEC3': [`${zone(1, '192.0.2.1')}@ NSEC3PARAM 1 0 0 -`, /db:5: zones with NSEC3PARAM records are not supported$/],
    'with more records of one name and type than a message holds': [
      `${zone(1, '192.0.2.1')}$GENERATE 0-9999 big TXT $`,
      /db:5: no message holds all records of the name and type$/,
    ],
  }
  for (const [name, [db, message]] of Object.entries(bad))
    test(name, async () => await assert.rejects(serve({ db }), { message }))
  test('without a file that it is never to look for again', async () => {
    await assert.rejects(serve({}, 'reload 0s'), { message: /^plugin\/file: Corefile:4 - ENOENT/ })
  })
})

test('a signed zone proves what it has not, to who asks for it', async () => {
  await using served = await serve({ db: SIGNED.replaceAll('signed.example.', 'example.org.') })
  const { server } = served
  const cases = [
    ['nothing', 'A', 'NXDOMAIN', 'e.ent.example.org example.org'],
    ['www', 'TXT', 'NOERROR', 'www.example.org'],
    ['ent', 'A', 'NOERROR', 'dname.example.org'],
    ['x.ent', 'A', 'NXDOMAIN', 'dname.example.org e.ent.example.org'],
    ['aa.a', 'A', 'NOERROR', '*.a.example.org'],
    ['ca.a', 'A', 'NOERROR', 'b.a.example.org'],
    ['aa.a', 'MX', 'NOERROR', '*.a.example.org'],
    ['ca.a', 'MX', 'NOERROR', '*.a.example.org b.a.example.org'],
    ['x.unsafe', 'A', 'NOERROR', 'unsafe.example.org'],
    ['x.safe', 'A', 'NOERROR', ''],
    ['www', 'A', 'NOERROR', ''],
  ] as const
  for (const dnssecOk of [true, false]) {
    for (const [name, type, rcode, owners] of cases) {
      for (let i = 0; i < 2; i++) {
        const reply = await server.query(`${name}.example.org`, type, { edns: { udpSize: 4096, dnssecOk } })
        const proofs = reply.authority.filter(line => / IN NSEC /.test(line)).map(line => line.split('. ')[0])
        assert.deepEqual([name, type, reply.rcode, proofs.sort().join(' ')], [name, type, rcode, dnssecOk ? owners : ''])
        const signed = [...reply.answer, ...reply.authority].filter(
          line => !/ IN (NS|RRSIG) /.test(line) || / NS ns\.example/.test(line),
        )
        const signatures = [...reply.answer, ...reply.authority].filter(line => / IN RRSIG /.test(line))
        assert.equal(signatures.length, dnssecOk ? signed.length : 0, `${name} ${type}`)
      }
    }
  }
})

test('a signed zone proves what the target of an alias has not', async () => {
  const db = SIGNED.replaceAll('signed.example.', 'example.org.')
  const cases = [
    ['nothing', 'A', 'NXDOMAIN', 'e.ent.example.org example.org'],
    ['ent', 'A', 'NOERROR', 'dname.example.org'],
    ['aa.a', 'A', 'NOERROR', '*.a.example.org'],
    ['www', 'TXT', 'NOERROR', 'www.example.org'],
  ] as const
  for (const [target, type, rcode, owners] of cases) {
    await using served = await serve({ db: db.replace('alias CNAME www', `alias CNAME ${target}`) })
    const reply = await served.server.query('alias.example.org', type, { edns: { udpSize: 4096, dnssecOk: true } })
    const proofs = reply.authority.filter(line => / IN NSEC /.test(line)).map(line => line.split('. ')[0])
    assert.deepEqual([target, reply.rcode, proofs.sort().join(' ')], [target, rcode, owners])
    const signatures = reply.authority.filter(line => / IN RRSIG NSEC /.test(line))
    assert.equal(signatures.length, proofs.length)
  }
})

test('records outside the zone are left out, and told', async () => {
  await using served = await serve({ db: `${zone(1, '192.0.2.1')}x.example.com. A 192.0.2.2\ny.example.com. A 192.0.2.2` })
  assert.match(
    served.server.lines.join('\n'),
    /\[WARNING\] plugin\/file: \S+\/db:5: not below example\.org\., and so left out \(records like this: 2\)/,
  )
})

test('records that are there twice are sent once, with the least TTL', async () => {
  await using served = await serve({
    db: `${zone(1, '192.0.2.1')}www 30 A 192.0.2.1\nwww A 192.0.2.2\n@ 60 SOA ns hostmaster 1 2 3 4 5`,
  })
  assert.deepEqual((await served.server.query('www.example.org')).answer, [
    'www.example.org. 30 IN A 192.0.2.1',
    'www.example.org. 30 IN A 192.0.2.2',
  ])
})

test('the wildcard that stands for a name is told to the log', async () => {
  await using served = await serve({ db: ZONE }, '', 'metadata\nlog . "{name} {/zone/wildcard}"')
  const { server } = served
  const names = [
    'x.y.wild.example.org.',
    'known.wild.example.org.',
    'x.ent.wild.example.org.',
    'x.wempty.example.org.',
    'x.sub2.example.org.',
    'www.example.com.',
  ]
  for (const name of names) await server.query(name, 'TXT')
  await server.waitForLine(/example\.com/)
  assert.deepEqual(
    server.lines.filter(line => /example\.(org|com)\. \S+$/.test(line)).map(line => line.replace('[INFO] ', '')),
    names.map((name, i) => `${name} ${i === 0 ? '*.wild.example.org.' : '-'}`),
  )
})
