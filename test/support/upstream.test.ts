import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askTcp, askUdp, sendUdp, TcpClient } from './client.ts'
import { queryMessage, readAnswer } from './message.ts'
import { always, delayed, forged, otherId, over, reply, silence, withoutEdns, zone } from './scripts.ts'
import { startUpstream } from './upstream.ts'

const SOA = 'example.org. 60 IN SOA ns.example.org. mail.example.org. 1 2 3 4 5'
const WEB = 'web.example.org. 300 IN A 192.0.2.1'

test('a zone: records, NODATA, NXDOMAIN, aliases, truncation', async () => {
  const alias = 'www.example.org. 60 IN CNAME web.example.org.'
  const long = Array.from({ length: 9 }, (_, i) => `long.example.org. 60 IN TXT "${i}${'.'.repeat(100)}"`)
  await using upstream = await startUpstream(zone(SOA, WEB, alias, ...long))
  const ask = async (name: string, type: string, edns = false) =>
    readAnswer(await askUdp(queryMessage(name, type, edns ? { edns: true } : {}), upstream))
  assert.deepEqual((await ask('WEB.example.org.', 'A')).answer, [WEB])
  assert.deepEqual((await ask('www.example.org.', 'A')).answer, [alias, WEB])
  const noData = await ask('web.example.org.', 'MX')
  assert.deepEqual([noData.rcode, noData.answer, noData.authority], ['NOERROR', [], [SOA]])
  assert.equal((await ask('none.example.org.', 'A')).rcode, 'NXDOMAIN')
  assert.deepEqual(
    [(await ask('long.example.org.', 'TXT')).flags, (await ask('long.example.org.', 'TXT', true)).answer.length],
    ['qr tc rd ra', 9],
  )
})

test('it tells what it saw', async () => {
  await using upstream = await startUpstream(always(5))
  await askUdp(
    queryMessage('Web.example.org.', 'AAAA', { id: 7, flags: 0x0130, edns: { udpSize: 4096, dnssecOk: true } }),
    upstream,
  )
  await askTcp(queryMessage('.', 'NS', { class: 3 }), upstream)
  await upstream.saw(2)
  const [first, second] = upstream.seen
  const { message: _, from, at, ...told } = first!
  assert.deepEqual(told, {
    transport: 'udp',
    address: '127.0.0.1',
    id: 7,
    flags: 'rd ad cd',
    name: 'Web.example.org.',
    type: 'AAAA',
    class: 1,
    edns: { udpSize: 4096, dnssecOk: true, options: 0 },
  })
  assert.ok(from > 0 && at > 0)
  assert.deepEqual([second?.transport, second?.name, second?.type, second?.class, second?.edns], ['tcp', '.', 'NS', 3, undefined])
  await assert.rejects(upstream.saw(3, 20), /2 queries instead of 3/)
})

test('it can be silent, late, forged, without EDNS, and different over TCP', async () => {
  await using upstream = await startUpstream(silence)
  const query = queryMessage('web.example.org.', 'A', { edns: true })
  assert.equal(await sendUdp(query, { ...upstream, port: upstream.port, timeout: 20 }), undefined)
  upstream.script = delayed(30, zone(WEB))
  const start = performance.now()
  await askUdp(query, upstream)
  assert.ok(performance.now() - start >= 29)
  upstream.script = forged(otherId, always(2), zone(WEB), 10)
  assert.equal(readAnswer(await askUdp(query, upstream)).rcode, 'NOERROR')
  upstream.script = withoutEdns(zone(WEB))
  assert.equal(readAnswer(await askUdp(query, upstream)).rcode, 'FORMERR')
  upstream.script = over({ udp: always(5) }, asked => reply(asked, [WEB]))
  assert.deepEqual(
    [readAnswer(await askUdp(query, upstream)).rcode, readAnswer(await askTcp(query, upstream)).rcode],
    ['REFUSED', 'NOERROR'],
  )
})

test('connections: closed at once, closed on a query, cut, answered octet by octet', async () => {
  await using upstream = await startUpstream(zone(WEB))
  const query = queryMessage('web.example.org.', 'A')
  upstream.faults.closeOnAccept = 1
  await assert.rejects(askTcp(query, upstream))
  assert.equal(upstream.seen.length, 0)
  upstream.faults.closeOnQuery = 1
  await assert.rejects(askTcp(query, upstream))
  assert.equal(upstream.seen.length, 1)
  upstream.faults.octetByOctet = true
  assert.deepEqual(readAnswer(await askTcp(query, upstream)).answer, [WEB])
  await using client = new TcpClient(upstream)
  client.send(query)
  await client.next()
  upstream.disconnect()
  assert.equal(await client.next(), undefined)
  assert.equal(upstream.connections, 4)
})
