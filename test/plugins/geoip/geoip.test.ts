import assert from 'node:assert/strict'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { geoip } from '#plugins/geoip/index.ts'
import { askUdp } from '#test/support/client.ts'
import { refuses } from '#test/support/directive.ts'
import { type InProcessServer, startInFolder } from '#test/support/in-process.ts'
import { queryMessage, readMessage } from '#test/support/message.ts'
import { writeMmdb } from '#test/support/mmdb.ts'
import { runServer, startServer } from '#test/support/server.ts'
import { until } from '#test/support/waiting.ts'
import { asn, city, example, LABELS, places, subnet } from './data.ts'

const FORMAT = LABELS.map(label => `{/geoip/${label}}`).join('|')

const start = (content: Uint8Array, options = '') =>
  startInFolder(folder => writeFile(join(folder, 'db'), content), `metadata\nlog . "${FORMAT}"\ngeoip db${options}\nscript`)

/** What the log tells of a query. */
async function told(server: InProcessServer, from?: string, option?: ReturnType<typeof subnet>): Promise<string> {
  const lines = server.lines.length
  const message = queryMessage('example.org', 'A', option ? { edns: { options: [option] } } : {})
  await askUdp(message, { port: server.port, ...(from && { from }) })
  return (await server.waitForLine(/^\[INFO\] /, { from: lines })).slice('[INFO] '.length)
}

test('what a database of cities tells of a client', async () => {
  await using running = await start(city)
  assert.equal(
    await told(running.server),
    'Cambridge|GB|United Kingdom|false|EU|Europe|52.2242|0.1315|Europe/London|CB4|ENG,CAM|-|-',
  )
  assert.equal(await told(running.server, '127.0.0.2'), '-|XX|-|false|-|-|-|-|-|-|-|-|-')
  assert.equal(await told(running.server, '127.0.1.1'), '-|-|-|false|-|-|-|-|-|-|-|-|-')
})

test('what a database of AS numbers tells of a client', async () => {
  await using running = await start(asn)
  assert.equal(await told(running.server), '-|-|-|-|-|-|-|-|-|-|-|64496|Example Net')
})

test('edns-subnet: the network that a resolver asks for counts, where it names one', async () => {
  await using running = await start(city, ' {\n edns-subnet\n}')
  const cityOf = async (...of: Parameters<typeof subnet>) => (await told(running.server, undefined, subnet(...of))).split('|')[0]
  assert.equal(await cityOf(1, 24, 81, 2, 69), 'Cambridge')
  assert.equal(await cityOf(1, 32, 81, 2, 69, 142), 'São João')
  assert.equal(await cityOf(2, 32, 0x20, 1, 0x0d, 0xb8), 'Sixville')
  assert.equal(await cityOf(2, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 81, 2, 69, 1), 'Cambridge')
  assert.equal(await cityOf(1, 24, 192, 0, 2), '-')
  // The client wants nothing to be made of its address.
  for (const family of [0, 1, 2]) assert.equal(await cityOf(family, 0), '-')
  // What is no option of the kind.
  assert.equal(await cityOf(3, 24, 192, 0, 2), 'Cambridge')
  assert.equal(await cityOf(1, 33, 192, 0, 2, 1), 'Cambridge')
  assert.equal(await cityOf(1, 32, 192, 0, 2, 1, 1), 'Cambridge')
  assert.equal((await told(running.server, undefined, [8, new Uint8Array(3)])).split('|')[0], 'Cambridge')
  await using without = await start(city)
  assert.equal((await told(without.server, undefined, subnet(1, 24, 192, 0, 2))).split('|')[0], 'Cambridge')
})

test('a database without IPv6 knows nothing of IPv6 addresses', async () => {
  const networks = { '32.1.0.0/16': places['127.0.0.1/32'] }
  await using running = await start(writeMmdb({ type: 'City', networks, ipVersion: 4 }), ' {\n edns-subnet\n}')
  assert.match(await told(running.server, undefined, subnet(1, 16, 32, 1)), /^Cambridge\|/)
  assert.match(await told(running.server, undefined, subnet(2, 16, 32, 1)), /^-\|-\|-\|-\|/)
})

test('a record that is damaged is told, and tells nothing', async () => {
  const content = Buffer.from(city)
  // More octets than there are, in the record of the client.
  content[content.lastIndexOf('United Kingdom') - 1] = 0xff
  await using running = await start(content)
  assert.match(await told(running.server), /^-\|-\|-\|-/)
  await running.server.waitForLine(/\[ERROR\] plugin\/geoip: db: nothing is known of 127\.0\.0\.1: /)
})

test('a view is chosen by the country or city of the client', async () => {
  const block = (lines: string, answer: string) =>
    `.:0 {\n${lines}\ntemplate ANY ANY {\n answer "{{ .Name }} 60 IN TXT ${answer}{{ .Meta \`geoip/country/code\` }}"\n}\n}\n`
  const view = "view britain {\n expr metadata('geoip/country/code') == 'GB'\n}\nmetadata\ngeoip db"
  const byCity = view.replace('britain', 'köln').replace("geoip/country/code') == 'GB'", "geoip/city/name') == 'Köln'")
  const blocks = [block(view, 'british'), block(byCity, 'kölsch'), block('', 'other')]
  await using server = await startServer(blocks.join(''), { files: { db: city } })
  const answerTo = async (from: string) =>
    readMessage(await askUdp(queryMessage('a.example.org', 'TXT'), { port: server.port, from })).answer
  assert.deepEqual(await answerTo('127.0.0.1'), ['a.example.org. 60 IN TXT "britishGB"'])
  assert.deepEqual(await answerTo('127.0.0.3'), ['a.example.org. 60 IN TXT "k\\195\\182lschDE"'])
  assert.deepEqual(await answerTo('127.0.0.2'), ['a.example.org. 60 IN TXT "other"'])
})

test('all threads and server blocks tell the same', async () => {
  const template = 'template IN TXT {\n answer "{{ .Name }} 60 IN TXT {{ .Meta `geoip/city/name` }}"\n}'
  const block = (zone: string, path: string) => `${zone}:0 {\n multisocket 2\n metadata\n geoip ${path}\n ${template}\n}\n`
  await using server = await startServer(`${block('example.org', 'db')}${block('example.net', './db')}`, { files: { db: city } })
  const answers = Array.from({ length: 40 }, async (_, i) => {
    const name = i % 2 === 0 ? 'example.org' : 'example.net'
    return (await server.query(name, 'TXT', { port: server.ports[i % 2]! })).answer[0]?.split(' ').at(-1)
  })
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(['"Cambridge"']))
})

const corefile = (path: string) => `.:0 {\n  metadata\n  geoip ${path}\n  whoami\n}\n`

const useless: readonly (readonly [what: string, content: Uint8Array | undefined, told: RegExp])[] = [
  ['is missing', undefined, /ENOENT: no such file or directory, open '\S+db'/],
  ['is empty', Buffer.alloc(0), /db: not a MaxMind database, or an incomplete one/],
  ['is cut off', city.subarray(0, -500), /db: not a MaxMind database, or an incomplete one/],
  ['lacks its last octets', city.subarray(0, -100), /db: a damaged database: /],
  ['lacks its beginning', city.subarray(600), /db: a damaged database: /],
  ['is of another format', writeMmdb({ type: 'City', networks: places, format: 3 }), /db: a database of format 3, not 2/],
  [
    'is of another type',
    writeMmdb({ type: 'GeoIP2-Domain', networks: places }),
    /db: a database of type 'GeoIP2-Domain', which has/,
  ],
]

test('a folder in place of a database is named', async () => {
  await using server = await runServer(corefile('.'))
  assert.equal((await server.exited).code, 1)
  assert.match(server.output, /plugin\/geoip: \S*Corefile:3 - \/\S+: EISDIR: /)
})

for (const [what, content, message] of useless) {
  test(`a database that ${what} keeps the server from starting`, async () => {
    await using server = await runServer(corefile('db'), content ? { files: { db: content } } : {})
    assert.equal((await server.exited).code, 1)
    assert.match(server.output, new RegExp(`plugin/geoip: \\S*Corefile:3 - .*${message.source}`))
  })
}

test('a reload to a database that is of no use changes nothing', async () => {
  await using server = await startServer(`${corefile('db')}`, { files: { db: city, broken: city.subarray(600) } })
  await writeFile(server.path('Corefile'), corefile('broken').replace('whoami', 'erratic'))
  server.signal('SIGUSR1')
  await server.waitForLine(/\[ERROR\].*plugin\/geoip: \S*Corefile:3 - \S+broken: a damaged database/)
  assert.equal((await server.query('example.org')).additional.length, 2)
})

test('a renewed file is read, one that is of no use is not, and a reload keeps what is known', async t => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  await using running = await start(city)
  const { server, folder } = running
  const renew = async (content: Uint8Array) => {
    await writeFile(join(folder, 'new'), content)
    await rename(join(folder, 'new'), join(folder, 'db'))
  }
  const looks = (line: RegExp) => {
    const from = server.lines.length
    return until(() => {
      t.mock.timers.tick(5000)
      return server.lines.slice(from).some(each => line.test(each))
    })
  }
  await renew(asn)
  await looks(/\[INFO\] plugin\/geoip: \S+db has changed, and was read again/)
  assert.match(await told(server), /\|64496\|Example Net$/)
  await renew(city.subarray(600))
  await looks(/\[ERROR\] plugin\/geoip: the old database stays in use: \S+db: a damaged database/)
  assert.match(await told(server), /\|64496\|Example Net$/)
  await server.server.reload()
  assert.match(await told(server), /\|64496\|Example Net$/)
  await writeFile(join(folder, 'db'), city)
  await looks(/has changed, and was read again/)
  assert.match(await told(server), /^Cambridge\|/)
})

test('the database of the examples has what its README tells', async () => {
  assert.deepEqual(await readFile(new URL('../../../examples/geoip/example.mmdb', import.meta.url)), example)
})

test('mistakes are named', () => {
  refuses(geoip, 'geoip', /expected DBFILE/)
  refuses(geoip, 'geoip a b', /expected no more arguments/)
  refuses(geoip, 'geoip a\ngeoip b', /only be used once/)
  refuses(geoip, 'geoip a {\n edns-subnt\n}', /unknown property 'edns-subnt'.*did you mean 'edns-subnet'/)
  refuses(geoip, 'geoip a {\n edns-subnet yes\n}', /expected no more arguments/)
})
