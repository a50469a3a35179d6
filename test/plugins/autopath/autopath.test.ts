import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { autopath } from '#plugins/autopath/index.ts'
import { readSearchList } from '#plugins/autopath/resolv-conf.ts'
import { TYPE } from '#src/dns/codes.ts'
import { toKey, toText } from '#src/dns/name.ts'
import { NO_RECORDS, SectionsBuilder } from '#src/dns/sections.ts'
import { answer, failure, type Handler, nameError, noData, refused, silence } from '#src/plugin.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'
import { GrpcUpstream } from '#test/support/grpc-upstream.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { messageFrom } from '#test/support/records.ts'
import { always } from '#test/support/scripts.ts'
import { runServer } from '#test/support/server.ts'
import { startUpstream } from '#test/support/upstream.ts'

const folder = mkdtempSync(join(tmpdir(), 'autopath-'))
after(() => rmSync(folder, { recursive: true }))
const conf = (text: string) => {
  const path = join(folder, 'resolv.conf')
  writeFileSync(path, text)
  return path
}
const FILE = conf('nameserver 192.0.2.1\nsearch team.example.org example.org\noptions ndots:5\n')

/** A server whose names are these, each with what it answers; others do not exist. */
async function serve(names: Readonly<Record<string, Handler>>, line = `autopath ${FILE}`) {
  const server = await startInProcess(`${line}\nscript`)
  const asked: string[] = []
  server.script = query => {
    asked.push(query.name)
    return names[query.name]?.(query) ?? nameError(NO_RECORDS)
  }
  return { server, asked, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

const address: Handler = query =>
  answer(new SectionsBuilder(query.key).address(query.key, 60, Uint8Array.of(192, 0, 2, 1)).build())

test('names are tried below each domain and alone, until one is there', async () => {
  await using scene = await serve({ 'www.example.net.': address })
  const { answer: records, question, flags } = await scene.server.query('WWW.example.net.team.example.org.')
  assert.deepEqual(records, [
    'WWW.example.net.team.example.org. 60 IN CNAME www.example.net.',
    'www.example.net. 60 IN A 192.0.2.1',
  ])
  assert.deepEqual([question, flags], ['WWW.example.net.team.example.org. IN A', 'qr aa rd'])
  assert.deepEqual(scene.asked, ['www.example.net.team.example.org.', 'www.example.net.example.org.', 'www.example.net.'])
  assert.equal(await scene.server.metric('coredns_autopath_success_total'), 1)
})

test('the first that is there is the answer, as it is', async () => {
  await using scene = await serve({ 'www.team.example.org.': address, 'www.example.org.': address })
  assert.deepEqual((await scene.server.query('www.team.example.org.')).answer, ['www.team.example.org. 60 IN A 192.0.2.1'])
  assert.equal(scene.asked.length, 1)
})

test('other names are left alone', async () => {
  await using scene = await serve({}, `autopath team.example.org ${FILE}`)
  for (const name of ['www.example.org.', 'team.example.org.', 'www.example.net.', '.', 'xteam.example.org.'])
    assert.equal((await scene.server.query(name)).rcode, 'NXDOMAIN', name)
  assert.equal(scene.asked.length, 5)
})

test('a name that is left without an answer does not end the walk', async () => {
  await using scene = await serve({ 'www.example.net.example.org.': () => silence(), 'www.example.net.': address })
  assert.deepEqual((await scene.server.query('www.example.net.team.example.org.')).answer, [
    'www.example.net.team.example.org. 60 IN CNAME www.example.net.',
    'www.example.net. 60 IN A 192.0.2.1',
  ])
  assert.equal((await scene.server.query('api.example.net.team.example.org.')).rcode, 'NXDOMAIN')
})

test('where nothing is there, the first reply is the answer', async () => {
  const soa = (key: string) => {
    const values = { mname: key, rname: key, serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 }
    return new SectionsBuilder(key).authority().soa(key, 7, values).build()
  }
  await using scene = await serve({
    'www.team.example.org.': query => nameError(soa(query.key)),
    'www.example.org.': () => refused(),
  })
  const { rcode, authority } = await scene.server.query('www.team.example.org.')
  assert.deepEqual(
    [rcode, authority],
    ['NXDOMAIN', ['www.team.example.org. 7 IN SOA www.team.example.org. www.team.example.org. 1 2 3 4 5']],
  )
  assert.equal(scene.asked.length, 3)
  assert.equal(await scene.server.metric('coredns_autopath_success_total'), undefined)
})

test('a failure ends the walk, since the name may be there, and is no success', async () => {
  await using scene = await serve({ 'a.example.org.': () => failure('down'), 'a.': address })
  const { rcode, answer: records } = await scene.server.query('a.team.example.org.')
  assert.deepEqual([rcode, records, scene.asked.length], ['SERVFAIL', [], 2])
  assert.equal(await scene.server.metric('coredns_autopath_success_total'), undefined)
})

test('a plugin that does not have the name, and no SOA record to say so with, does not end the walk', async () => {
  await using server = await startInProcess(`autopath ${FILE}
    template IN A team.example.org {
      match ^a\\.
    }
    hosts {
      192.0.2.1 www.example.net
      fallthrough example.net
    }
    script`)
  const { answer: records } = await server.query('www.example.net.team.example.org.')
  assert.deepEqual(records, [
    'www.example.net.team.example.org. 3600 IN CNAME www.example.net.',
    'www.example.net. 3600 IN A 192.0.2.1',
  ])
  assert.equal((await server.query('www.example.com.team.example.org.')).rcode, 'SERVFAIL')
})

const MESH = `
apiVersion: v1
kind: Service
metadata: { name: api, namespace: default }
spec: { type: ExternalName, externalName: one.example.net }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: api, namespace: default }
spec: { hosts: [entry.team.example.org], resolution: DNS, endpoints: [{ address: two.example.net }] }
`

test('the failure of an upstream ends the walk, from a cache and through an alias, too', async () => {
  await using forwarded = await startUpstream(always(2))
  await using called = await GrpcUpstream.start(message => messageFrom(message, [], { rcode: 2 }))
  const zone = join(folder, 'zone')
  writeFileSync(zone, '@ 60 SOA ns mail 1 2 3 4 5\nalias 60 CNAME api.example.net.\n')
  const mesh = join(folder, 'mesh.yaml')
  writeFileSync(mesh, MESH)
  await using server = await startInProcess(`autopath ${FILE}
    mesh mesh.team.example.org {
      source file ${mesh}
    }
    file ${zone} team.example.org
    hosts {
      192.0.2.1 www
      192.0.2.1 alias.example.org api.default.svc.mesh.example.org entry.example.org
      fallthrough example.org example.net
    }
    cache
    forward www.example.org ${forwarded.to}
    grpc . ${called.to}`)
  for (const name of ['www', 'www', 'alias', 'api.default.svc.mesh', 'entry'])
    assert.equal((await server.query(`${name}.team.example.org.`)).rcode, 'SERVFAIL', name)
})

test('what has to be waited for is waited for', async () => {
  const late =
    (handler: Handler): Handler =>
    async query => {
      await setTimeout(5)
      return handler(query)
    }
  const missing = late(() => nameError(NO_RECORDS))
  await using scene = await serve({ 'a.team.example.org.': missing, 'a.example.org.': missing, 'a.': late(address) })
  assert.deepEqual((await scene.server.query('a.team.example.org.')).answer, [
    'a.team.example.org. 60 IN CNAME a.',
    'a. 60 IN A 192.0.2.1',
  ])
})

test('records of every kind hold in the place of another name', async () => {
  const everything: Handler = ({ key }) => {
    const builder = new SectionsBuilder(key)
    builder.name(key, TYPE.CNAME, 9, toKey('target.example.org'))
    builder.record(toKey('target.example.org'), TYPE.MX, 1, 8, Buffer.from(`\0\x05${toKey('mail.example.org')}`, 'latin1'))
    builder.strings(key, TYPE.TXT, 7, ['some', 'text'])
    builder.srv(key, 6, { priority: 1, weight: 2, port: 3, target: toKey('target.example.org') })
    builder.authority().name(toKey('example.org'), TYPE.NS, 5, toKey('ns.example.org'))
    builder.additional().address(toKey('ns.example.org'), 4, Uint8Array.of(192, 0, 2, 2))
    return answer(builder.build())
  }
  await using scene = await serve({ 'a.longer.name.': everything })
  const reply = await scene.server.query('a.longer.name.team.example.org.', 'MX')
  assert.deepEqual(reply.answer, [
    'a.longer.name.team.example.org. 9 IN CNAME a.longer.name.',
    'a.longer.name. 9 IN CNAME target.example.org.',
    'target.example.org. 8 IN MX 5 mail.example.org.',
    'a.longer.name. 7 IN TXT "some" "text"',
    'a.longer.name. 6 IN SRV 1 2 3 target.example.org.',
  ])
  assert.deepEqual(reply.authority, ['example.org. 5 IN NS ns.example.org.'])
  assert.deepEqual(reply.additional, ['ns.example.org. 4 IN A 192.0.2.2'])
})

test('a name without records of the type is there', async () => {
  await using scene = await serve({ 'a.': () => noData() })
  const { rcode, answer: records } = await scene.server.query('a.team.example.org.', 'AAAA')
  assert.deepEqual([rcode, records, scene.asked.length], ['NOERROR', [], 3])
})

test('a name that would be too long is not asked for', async () => {
  const long = conf(`search b ${'long.'.repeat(30)}example.org\n`)
  await using scene = await serve({}, `autopath ${long}`)
  const base = `${'label.'.repeat(20)}`
  assert.equal((await scene.server.query(`${base}b.`)).rcode, 'NXDOMAIN')
  assert.deepEqual(scene.asked, [`${base}b.`, base])
})

suite('search lists', () => {
  for (const [text, list] of [
    ['', []],
    ['search a.example b.example\n', ['a.example.', 'b.example.']],
    ['domain a.example\n# search x\n', ['a.example.']],
    ['search a.example\nsearch  B.example.\t.\n', ['b.example.', '.']],
    ['search a\ndomain b c\n', ['b.']],
    [`search ${Array.from({ length: 40 }, (_, i) => `d${i}`).join(' ')}\n`, Array.from({ length: 32 }, (_, i) => `d${i}.`)],
  ] as const)
    test(JSON.stringify(text.slice(0, 40)), () => {
      assert.deepEqual(readSearchList(conf(text)).map(toText), list)
    })
})

suite('mistakes', () => {
  for (const [line, problem] of [
    ['autopath', /expected FILE or @kubernetes/],
    ['autopath @erratic', /@erratic has no search lists, @kubernetes has/],
    ['autopath a..b /etc/resolv.conf', /'a\.\.b' is not a zone/],
    ['autopath @kubernetes {\nttl 5\n}', /unknown property 'ttl'/],
  ] as const)
    test(line, () => {
      refuses(autopath, line, problem)
    })
  test('the last use counts', () => {
    const { zones, file } = autopath.parse(directiveOf('autopath a b\nautopath example.net 10.0.0.0/8 @kubernetes'))
    assert.deepEqual([zones, file], [['example.net.', '10.in-addr.arpa.'], undefined])
  })
  test('a file that is not there', async () => {
    await using server = await runServer('.:0 {\n  autopath missing.conf\n  whoami\n}\n', { args: ['-validate'] })
    assert.equal((await server.exited).code, 1)
    assert.match(server.output, /plugin\/autopath: \S*Corefile:\d+ - failed to read .*missing\.conf: ENOENT/)
  })
})
