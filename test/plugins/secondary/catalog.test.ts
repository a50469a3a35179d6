import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readCatalog } from '#plugins/secondary/catalog.ts'
import { toKey } from '#src/dns/name.ts'
import { readZone } from '#src/feeds/zones/axfr.ts'
import { type InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { queryMessage } from '#test/support/message.ts'
import { messageFrom } from '#test/support/records.ts'
import { until } from '#test/support/waiting.ts'
import { addressOf, CATALOG, catalog, notify, startPrimary, typesAsked, type ZoneLines, zone } from './primary.ts'

const secondaryOf = (to: string, members = '', origin = CATALOG) =>
  `secondary ${origin} {\n transfer from ${to}\n catalog ${members}\n}\n`

const has = (server: InProcessServer, origin: string, address: string) =>
  until(async () => (await addressOf(server, origin)) === address)

suite('the zones that a catalog lists', () => {
  test('are transferred and answered, come, and go', async () => {
    await using primary = await startPrimary({
      [CATALOG]: catalog(1, ['a PTR Example.org.', 'group.a TXT "x"', 'b PTR example.net.']),
      'example.org.': zone(1),
      'example.net.': zone(2, 'example.net.'),
      'example.com.': zone(3, 'example.com.'),
    })
    await using server = await startInProcess(`${secondaryOf(primary.to)}script`)
    await has(server, 'example.org.', '192.0.2.1')
    await has(server, 'example.net.', '192.0.2.2')
    await server.waitForLine(
      /^\[INFO\] plugin\/secondary: Added catalog member zone example\.org\. from catalog catalog\.example\.$/,
    )
    await server.waitForLine(/^\[INFO\] plugin\/secondary: Parsed catalog zone catalog\.example\. with 2 member zones$/)
    assert.deepEqual((await server.query(`version.${CATALOG}`, 'TXT')).answer, [`version.${CATALOG} 0 IN TXT "2"`])

    primary.zones[CATALOG] = catalog(2, ['a PTR example.org.', 'c PTR example.com.'])
    await notify(server, CATALOG)
    await has(server, 'example.com.', '192.0.2.3')
    await server.waitForLine(/Removed catalog member zone example\.net\. from catalog catalog\.example\./)
    assert.equal(await addressOf(server, 'example.net.'), 'NOERROR', 'the next plugin')
    assert.equal(await addressOf(server), '192.0.2.1')

    primary.zones['example.org.'] = zone(4)
    await notify(server)
    await has(server, 'example.org.', '192.0.2.4')
    assert.deepEqual(typesAsked(primary).filter(type => type === 'SOA').length, 2)
  })

  test('are none outside those that are accepted, nor one that is a zone already', async () => {
    await using primary = await startPrimary({
      [CATALOG]: catalog(1, ['a PTR a.example.org.', 'b PTR example.net.', 'c PTR own.example.org.']),
      'a.example.org.': zone(1, 'a.example.org.'),
      'example.net.': zone(2, 'example.net.'),
      'own.example.org.': zone(3, 'own.example.org.'),
    })
    await using server = await startInProcess(
      `${secondaryOf(primary.to, 'example.org')}secondary own.example.org {\n transfer from ${primary.to}\n}\nscript`,
    )
    await has(server, 'a.example.org.', '192.0.2.1')
    await has(server, 'own.example.org.', '192.0.2.3')
    await server.waitForLine(/^\[WARNING\] plugin\/secondary: Skipped 1 member zones from catalog catalog\.example\.: outside/)
    await server.waitForLine(
      /^\[WARNING\] .*Skipping catalog member zone own\.example\.org\. from catalog\.example\.: zone already exists$/,
    )
    assert.equal(await addressOf(server, 'example.net.'), 'NOERROR')
    assert.equal(primary.seen.filter(({ name }) => name === 'own.example.org.').length, 1)
  })

  test('are others of the same name under another label', async () => {
    await using primary = await startPrimary({ [CATALOG]: catalog(1, ['a PTR example.org.']), 'example.org.': zone(1) })
    await using server = await startInProcess(secondaryOf(primary.to))
    await has(server, 'example.org.', '192.0.2.1')
    delete primary.zones['example.org.']
    primary.zones[CATALOG] = catalog(2, ['b PTR example.org.'])
    await notify(server, CATALOG)
    await server.waitForLine(/Reset catalog member zone example\.org\. from catalog catalog\.example\., member ID b$/)
    assert.equal(await addressOf(server), 'SERVFAIL')
  })

  test('go over to another catalog when the first says so, with what is known under the same label', async () => {
    const other = 'other.example.'
    await using primary = await startPrimary({
      [CATALOG]: catalog(1, ['a PTR example.org.', 'b PTR example.net.']),
      'example.org.': zone(1),
      'example.net.': zone(2, 'example.net.'),
    })
    await using second = await startPrimary({ [other]: catalog(1, ['a PTR example.org.', 'x PTR example.net.'], other) })
    await using server = await startInProcess(`${secondaryOf(primary.to)}${secondaryOf(second.to, '', other)}`)
    await has(server, 'example.org.', '192.0.2.1')
    await has(server, 'example.net.', '192.0.2.2')
    await server.waitForLine(/Skipping catalog member zone example\.org\. from other\.example\.: zone already exists/)
    const from = server.lines.length
    primary.zones[CATALOG] = catalog(2, [
      ...['a PTR example.org.', `coo.a PTR ${other}`],
      ...['b PTR example.net.', `coo.b PTR ${other}`],
    ])
    await notify(server, CATALOG)
    await server.waitForLine(/Parsed catalog zone catalog\.example\./, { from })
    second.zones[other] = catalog(2, ['a PTR example.org.', 'x PTR example.net.'], other)
    await notify(server, other)
    await server.waitForLine(/Migrated catalog member zone example\.org\. from catalog other\.example\., member ID a$/)
    await server.waitForLine(/Reset catalog member zone example\.net\. from catalog other\.example\., member ID x$/)
    assert.equal(await addressOf(server), '192.0.2.1')
    assert.equal(await addressOf(server, 'example.net.'), 'SERVFAIL')
    second.zones['example.org.'] = zone(3)
    await has(server, 'example.org.', '192.0.2.3')
  })

  test('stay when a version of the catalog is not accepted, and over a reload', async () => {
    await using primary = await startPrimary({ [CATALOG]: catalog(1, ['a PTR example.org.']), 'example.org.': zone(1) })
    await using server = await startInProcess(secondaryOf(primary.to))
    await has(server, 'example.org.', '192.0.2.1')
    primary.zones[CATALOG] = catalog(2, []).toSpliced(2, 1)
    await notify(server, CATALOG)
    await server.waitForLine(/primaries failed.*: catalog zone catalog\.example\. must have exactly one version TXT record$/)
    assert.equal(await addressOf(server), '192.0.2.1')
    const asked = primary.seen.length
    server.corefile += '# another one\n'
    await server.server.reload()
    assert.equal(await addressOf(server), '192.0.2.1')
    assert.equal(primary.seen.length, asked)
    await using other = await startPrimary({})
    server.corefile = server.corefile.replace(primary.to, other.to)
    await server.server.reload()
    await other.saw(2)
    assert.equal(await addressOf(server), '192.0.2.1')
    assert.deepEqual(typesAsked(primary).slice(asked), [])
  })
})

suite('a zone is no catalog', () => {
  const read = async (lines: readonly string[]) => {
    async function* messages() {
      for (const line of [...lines, lines[0]!]) yield messageFrom(queryMessage(CATALOG, 'AXFR'), [line])
    }
    return readCatalog(await readZone(toKey(CATALOG), messages()))
  }
  const version = (text: string) => catalog(1, []).with(2, `version.${CATALOG} 0 IN TXT ${text}`)
  const cases: readonly (readonly [name: string, lines: ZoneLines, told: RegExp])[] = [
    ['without NS record', catalog(1, []).toSpliced(1, 1), /has no NS record/],
    ['without a version', catalog(1, []).toSpliced(2, 1), /must have exactly one version TXT record/],
    ['with two versions', [...catalog(1, []), `version.${CATALOG} 0 IN TXT "1"`], /must have exactly one version TXT record/],
    ['of another version', version('"1"'), /has unsupported version "1"/],
    ['with two zones under one label', catalog(1, ['a PTR example.org.', 'a PTR example.net.']), /names several zones under a/],
    ['with a zone under two labels', catalog(1, ['a PTR example.org.', 'b PTR example.ORG.']), /lists example\.org\. under both a and b/],
    ['with two heirs of a zone', catalog(1, ['a PTR example.org.', 'coo.a PTR b.', 'coo.a PTR c.']), /more than one coo PTR record under a/],
    ['with more zones than it may have', catalog(1, Array.from({ length: 10_001 }, (_, i) => `a${i} PTR x${i}.example.`)), /lists more than 10000 zones/],
  ] // biome-ignore format: a table
  for (const [name, lines, told] of cases) test(name, () => assert.rejects(read(lines), told))

  test('but what it says besides is passed over', async () => {
    const members = await read([
      ...catalog(1, ['a PTR example.org.', 'a TXT "x"', 'ext.a PTR b.', 'x.y.a PTR c.', 'x.coo.a PTR c.', 'coo.b PTR d.']),
      `b.${CATALOG} 0 IN PTR example.net.`,
    ])
    assert.deepEqual([...members], [[toKey('example.org'), { id: 'a', heir: undefined }]])
  })
})
