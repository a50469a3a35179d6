import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { SIGNED } from '#test/plugins/file/zones.ts'
import { zone as masterFile, serve } from '#test/plugins/transfer/serving.ts'
import { sendUdp } from '#test/support/client.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { extendedErrorOf, queryMessage, readMessage } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { messageFrom } from '#test/support/records.ts'
import { startUpstream } from '#test/support/upstream.ts'
import { until } from '#test/support/waiting.ts'
import { axfr } from '#test/support/zone-transfer.ts'
import {
  addressOf,
  notification,
  notify,
  notifyFrom,
  startPrimary,
  startSecondary,
  transfers,
  typesAsked,
  zone,
} from './primary.ts'

suite('a zone of another server', () => {
  test('is answered for as there, and given to others as it was got, letter by letter', async () => {
    await using primary = await serve(
      { db: `${masterFile(7, 5000)}alias CNAME Host1\n` },
      'file db example.org\ntransfer example.org {\n to *\n}',
    )
    await using server = await startSecondary({ to: `127.0.0.1:${primary.port}` }, 'transfer {\n to *\n}\nscript')
    assert.match(
      await server.waitForLine(/Transferred/),
      /^\[INFO\] plugin\/secondary: Transferred: example\.org\. from 127\.0\.0\.1:\d+ with 7 SOA serial$/,
    )
    for (const [name, type] of [
      ['host4999.example.org', 'A'],
      ['EXAMPLE.org', 'NS'],
      ['example.org', 'SOA'],
      ['host1.example.org', 'AAAA'],
      ['no.example.org', 'A'],
    ] as const) {
      const [ours, theirs] = await Promise.all([server.query(name, type), primary.server.query(name, type)])
      assert.deepEqual({ ...ours, id: 0, raw: undefined }, { ...theirs, id: 0, raw: undefined })
    }
    const zone = await axfr('example.org.', primary)
    assert.equal(zone.length, 5005)
    assert.deepEqual(await axfr('example.org.', server), zone)
    assert.equal((await server.query('www.example.net')).rcode, 'NOERROR', 'the next plugin')
  })

  test('comes with its signatures', async () => {
    await using primary = await serve({ db: SIGNED }, 'file db signed.example\ntransfer signed.example {\n to *\n}')
    await using server = await startInProcess(
      `secondary signed.example {\n transfer from 127.0.0.1:${primary.port}\n}\ntransfer {\n to *\n}`,
    )
    await server.waitForLine(/Transferred/)
    assert.deepEqual(await axfr('signed.example.', server), await axfr('signed.example.', primary))
    const edns = { dnssecOk: true, udpSize: 4096 }
    for (const name of ['signed.example', 'no.signed.example']) {
      const [ours, theirs] = await Promise.all([server, primary.server].map(one => one.query(name, 'SOA', { edns })))
      assert.deepEqual({ ...ours, id: 0, raw: undefined }, { ...theirs, id: 0, raw: undefined })
      assert.ok([...ours!.answer, ...ours!.authority].some(line => / RRSIG /.test(line)))
    }
  })

  test('is a failure until it is transferred, which is tried again and again', async () => {
    const port = await freePort()
    await using server = await startSecondary({ to: `127.0.0.1:${port}` }, 'transfer {\n to *\n}')
    assert.equal(await addressOf(server), 'SERVFAIL')
    const failed = await server.query('example.org.', 'A', { edns: true })
    assert.equal(extendedErrorOf(failed), '14 zone example.org. is not transferred yet')
    await server.waitForLine(/^\[ERROR\] .*zone example\.org\. is not transferred yet/)
    assert.deepEqual(await axfr('example.org.', server), ['SERVFAIL'])
    assert.match(
      await server.waitForLine(/retrying in 0\.5 s/),
      new RegExp(
        `^\\[WARNING\\] plugin/secondary: All 'example\\.org\\.' primaries failed to transfer, .*: 127\\.0\\.0\\.1:${port}: connect ECONNREFUSED`,
      ),
    )
    assert.ok(server.lines.some(line => line.includes('retrying in 0.25 s')))
    await using _primary = await startPrimary(undefined, port)
    await until(async () => (await addressOf(server)) === '192.0.2.1')
  })

  test('is asked for one primary after the other', async () => {
    await using refusing = await startPrimary({})
    await using primary = await startPrimary()
    await using more = await startPrimary({ 'example.org.': zone(2) })
    const to = [`127.0.0.1:${await freePort()}`, ...[refusing, primary, more].map(({ to }) => to)].join(' ')
    await using server = await startSecondary({ to })
    await server.waitForLine(/Transferred/)
    assert.equal(await addressOf(server), '192.0.2.1')
    assert.deepEqual([typesAsked(refusing), typesAsked(primary), typesAsked(more)], [['AXFR'], ['AXFR'], []])
    assert.ok(refusing.seen.every(({ transport, flags }) => transport === 'tcp' && flags === ''))
    assert.ok(!server.lines.some(line => line.startsWith('[WARNING]')))
  })

  test('leaves to the next plugin what it does not have, with fallthrough', async () => {
    await using primary = await startPrimary()
    await using server = await startInProcess(
      `secondary example.org {\n transfer from ${primary.to}\n fallthrough b.example.org\n}\nscript`,
    )
    await server.waitForLine(/Transferred/)
    assert.equal((await server.query('a.example.org')).rcode, 'NXDOMAIN')
    assert.equal((await server.query('a.b.example.org')).rcode, 'NOERROR')
  })
})

test('a primary is asked for twenty zones at a time, and holds up no other', async () => {
  await using silent = await startUpstream(() => undefined)
  await using primary = await startPrimary()
  const zones = Array.from({ length: 25 }, (_, i) => `z${i}.example`)
  await using server = await startSecondary(primary, `secondary ${zones.join(' ')} {\n transfer from ${silent.to}\n}`)
  await silent.saw(20)
  assert.equal(await addressOf(server), '192.0.2.1')
  assert.equal(silent.connections, 20)
  silent.disconnect()
  await until(() => new Set(silent.seen.map(({ name }) => name)).size === 25)
})

suite('another version', () => {
  test('is transferred when a primary tells of it, and others are told in turn', async () => {
    await using primary = await startPrimary()
    await using other = await startUpstream(({ message }) => messageFrom(message))
    await using server = await startSecondary(primary, `transfer {\n to ${other.to}\n}`)
    await server.waitForLine(/Transferred/)
    primary.zones['example.org.'] = zone(2)
    const { opcode, flags, rcode, question, answer } = readMessage(await notify(server))
    assert.deepEqual([opcode, flags, rcode, question, answer], [4, 'qr aa', 'NOERROR', 'example.org. IN SOA', []])
    await server.waitForLine(/^\[INFO\] plugin\/secondary: Notify from 127\.0\.0\.1 for example\.org\.: checking transfer$/)
    await until(async () => (await addressOf(server)) === '192.0.2.2')
    await other.saw(2)
    assert.deepEqual(typesAsked(primary), ['AXFR', 'SOA', 'AXFR'])
    assert.equal(primary.connections, 2)
  })

  test('is told from an older one by serial number arithmetic', async () => {
    await using primary = await startPrimary({ 'example.org.': zone(0xfffffff0) })
    await using server = await startSecondary(primary)
    await server.waitForLine(/Transferred/)
    for (const [serial, address] of [
      [0xfffffff0, 240],
      [0x7fffffff, 240],
      [5, 5],
      [4, 5],
    ] as const) {
      // biome-ignore format: a table
      const from = server.lines.length
      primary.zones['example.org.'] = zone(serial)
      await notify(server)
      await server.waitForLine(/Transferred|no SOA serial increase seen/, { from })
      assert.equal(await addressOf(server), `192.0.2.${address}`, `${serial}`)
    }
  })

  test('is asked for of the primary that has told of it first', async () => {
    await using first = await startPrimary()
    await using second = await startUpstream(transfers({ 'example.org.': zone(2) }), { address: '127.0.0.2' })
    await using server = await startSecondary({ to: `${first.to} ${second.to}` })
    await server.waitForLine(/Transferred/)
    await notifyFrom('127.0.0.2', server)
    await until(async () => (await addressOf(server)) === '192.0.2.2')
    assert.deepEqual(typesAsked(second), ['SOA', 'AXFR'])
  })

  test('is looked for as often as the SOA record says', { timeout: 30_000 }, async () => {
    await using primary = await startPrimary({ 'example.org.': zone(1, 'example.org.', '1 1 60') })
    await using server = await startSecondary(primary)
    await server.waitForLine(/Transferred/)
    primary.zones['example.org.'] = zone(2, 'example.org.', '1 1 60')
    primary.faults.closeOnQuery = 1
    await server.waitForLine(/primaries failed to transfer, retrying in [12]\.?\d* s/, { timeout: 8000 })
    assert.equal(await addressOf(server), '192.0.2.1')
    await server.waitForLine(/Transferred.*with 2 SOA serial/, { timeout: 5000 })
    assert.equal(await addressOf(server), '192.0.2.2')
  })
})

test('a zone expires when no primary has answered for as long as the SOA record says', { timeout: 30_000 }, async () => {
  const port = await freePort()
  await using primary = await startPrimary({ 'example.org.': zone(1, 'example.org.', '3600 1 3') }, port)
  await using other = await startUpstream(({ message }) => messageFrom(message))
  await using server = await startSecondary(primary, `transfer {\n to * ${other.to}\n}`)
  await server.waitForLine(/Transferred/)
  // The second answer comes a second behind the first.
  for (const answers of [2, 3]) {
    await notify(server)
    await primary.saw(answers)
  }
  const { at } = primary.seen.at(-1)!
  await until(() => server.lines.filter(line => line.includes('no SOA serial increase')).length === 2)
  await primary.stop()
  await notify(server)
  await server.waitForLine(/primaries failed/)
  assert.equal(await addressOf(server), '192.0.2.1')
  await server.waitForLine(/^\[ERROR\] plugin\/secondary: Zone example\.org\. is expired$/)
  assert.ok(performance.now() - at > 2900, `${performance.now() - at} ms`)
  assert.equal(await addressOf(server), 'SERVFAIL')
  assert.deepEqual(await axfr('example.org.', server), ['SERVFAIL'])
  await server.waitForLine(/^\[ERROR\] plugin\/errors: .*zone example\.org\. is expired/)
  await using back = await startPrimary({ 'example.org.': zone(1) }, port)
  await until(async () => (await addressOf(server)) === '192.0.2.1')
  assert.deepEqual(typesAsked(back), ['SOA'])
  assert.equal(other.seen.length, 1, 'others are told of versions alone')
})

test('a zone does not expire when a primary has answered in time', { timeout: 20_000 }, async () => {
  await using primary = await startPrimary({ 'example.org.': zone(1, 'example.org.', '3600 3600 4') })
  await using server = await startSecondary(primary)
  await server.waitForLine(/Transferred/)
  primary.faults.closeOnQuery = 1
  await notify(server)
  await server.waitForLine(/primaries failed/)
  await notify(server)
  await server.waitForLine(/no SOA serial increase/)
  await assert.rejects(server.waitForLine(/is expired/, { timeout: 4500 }))
  assert.equal(await addressOf(server), '192.0.2.1')
})

suite('a notification', () => {
  test('of somebody else is not answered', async () => {
    await using primary = await startPrimary()
    await using server = await startSecondary(primary)
    await server.waitForLine(/Transferred/)
    const began = performance.now()
    assert.equal(await notifyFrom('127.0.0.3', server), undefined)
    await server.waitForLine(/^\[INFO\] plugin\/secondary: Dropping notify from 127\.0\.0\.3 for example\.org\.$/)
    for (let i = 0; i < 3; i++) await notifyFrom('127.0.0.3', server)
    await until(async () => {
      await notifyFrom('127.0.0.4', server)
      return server.lines.some(line => /Dropping notify from 127\.0\.0\.\d for example\.org\., behind \d of others$/.test(line))
    })
    const allowed = 1 + (performance.now() - began) / 1000
    const { length } = server.lines.filter(line => line.includes('Dropping'))
    assert.ok(length >= 2 && length <= allowed, `${length} lines, one a second`)
    assert.deepEqual(typesAsked(primary), ['AXFR'])
  })

  test('of a zone that is none is not implemented, and one that is malformed is told so', async () => {
    await using primary = await startPrimary()
    await using server = await startSecondary(primary, 'script')
    server.script = () => assert.fail('a plugin was asked')
    const rcodeOf = async (message: Buffer) => readMessage((await sendUdp(message, server))!).rcode
    assert.equal(await rcodeOf(notification('www.example.org.')), 'NOTIMP')
    assert.equal(await rcodeOf(notification('example.org.', { class: 3 })), 'NOTIMP')
    assert.equal(await rcodeOf(notification('example.net.')), 'NOTIMP')
    assert.equal(await rcodeOf(notification().subarray(0, -3)), 'FORMERR')
    assert.equal(await rcodeOf(queryMessage('example.org.', 'SOA', { opcode: 5 })), 'NOTIMP')
    assert.equal(await server.metric('coredns_dns_responses_total', { zone: 'dropped', rcode: 'NOTIMP' }), 4)
  })

  test('that comes again and again has the primary asked once a second', async () => {
    await using primary = await startPrimary()
    await using server = await startSecondary(primary)
    await server.waitForLine(/Transferred/)
    const began = performance.now()
    for (let i = 0; i < 50; i++) await notify(server)
    await server.waitForLine(/no SOA serial increase/)
    const allowed = 2 + (performance.now() - began) / 1000
    assert.ok(server.lines.filter(line => line.includes('Notify from')).length <= allowed)
    assert.ok(primary.seen.length - 1 <= allowed, `${primary.seen.length - 1} queries`)
  })
})

suite('a reload', () => {
  test('keeps a zone whose primaries are the same, and does not transfer it again', async () => {
    await using primary = await startPrimary()
    await using other = await startUpstream(({ message }) => messageFrom(message))
    await using server = await startSecondary(primary, `transfer {\n to ${other.to}\n}`)
    await server.waitForLine(/Transferred/)
    primary.script = ({ message }) => messageFrom(message, [], { rcode: 5 })
    server.corefile += '# another one\n'
    await server.server.reload()
    assert.equal(await addressOf(server), '192.0.2.1')
    assert.deepEqual(typesAsked(primary), ['AXFR'])
    primary.script = transfers({ 'example.org.': zone(2) })
    await notify(server)
    await until(async () => (await addressOf(server)) === '192.0.2.2')
    // Others are told of the zone at the start, at the reload, and now.
    await other.saw(3)
    await assert.rejects(other.saw(4, 300))
  })

  test('keeps a zone until its new primaries have given another one, whatever serial that has', async () => {
    await using primary = await startPrimary({ 'example.org.': zone(7) })
    await using server = await startSecondary(primary)
    await server.waitForLine(/Transferred/)
    await using other = await startPrimary({ 'example.org.': zone(3) })
    other.faults.closeOnQuery = 1
    server.corefile = server.corefile.replace(primary.to, other.to)
    await server.server.reload()
    assert.equal(await addressOf(server), '192.0.2.7')
    await until(async () => (await addressOf(server)) === '192.0.2.3')
    assert.deepEqual(typesAsked(other), ['AXFR', 'AXFR'])
  })

  test('does not bring a zone back that has expired', { timeout: 20_000 }, async () => {
    await using primary = await startPrimary({ 'example.org.': zone(1, 'example.org.', '3600 1 1') })
    await using server = await startSecondary(primary)
    await server.waitForLine(/Transferred/)
    await primary.stop()
    await notify(server)
    await server.waitForLine(/is expired/)
    server.corefile = server.corefile.replace(primary.to, `${primary.to} 127.0.0.1:1`)
    await server.server.reload()
    assert.equal(await addressOf(server), 'SERVFAIL')
  })

  test('ends a transfer that is under way, and begins no other', async () => {
    await using silent = await startUpstream(() => undefined)
    await using server = await startSecondary(silent)
    await silent.saw(1)
    server.corefile = '.:0 {\n script\n}\n'
    await server.server.reload()
    await assert.rejects(silent.saw(2, 600))
    assert.equal(silent.connections, 1)
  })

  test('lets go of a zone that is not named any more', async () => {
    await using primary = await startPrimary({ 'example.org.': zone(1, 'example.org.', '1 1 60') })
    await using server = await startSecondary(primary, 'script')
    await server.waitForLine(/Transferred/)
    const { corefile } = server
    server.corefile = '.:0 {\n script\n}\n'
    await server.server.reload()
    assert.equal(await addressOf(server), 'NOERROR')
    server.corefile = corefile
    await server.server.reload()
    await until(async () => (await addressOf(server)) === '192.0.2.1')
    assert.deepEqual(typesAsked(primary), ['AXFR', 'AXFR'])
  })
})
