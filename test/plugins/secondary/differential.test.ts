/** CoreDNS as a secondary answers the same but for what the README tells, and other implementations are primaries. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { OTHER, SIGNED, ZONE } from '#test/plugins/file/zones.ts'
import { serve } from '#test/plugins/transfer/serving.ts'
import { sendUdp } from '#test/support/client.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { Knot, noKnot } from '#test/support/knot.ts'
import { type Answer, comparable, queryMessage, readMessage } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { until } from '#test/support/waiting.ts'
import { axfr, transfer } from '#test/support/zone-transfer.ts'
import { addressOf, CATALOG, catalog, notification, notifyFrom, startPrimary, zone } from './primary.ts'

const ORIGINS = ['example.org.', 'example.net.', 'signed.example.'] as const
const NAMES = ['', 'www.', 'no.', 'alias.', 'x.wild.', 'www.sub.', 'deep.', 'x.dname.', 'a.', 'ent.', 'other.', 'ptr.', '_http._tcp.'] // biome-ignore format: a table
const TYPES = ['A', 'AAAA', 'SOA', 'NS', 'MX', 'TXT', 'SRV', 'PTR'] as const

interface Server {
  readonly port: number
  query(name: string, type?: string, options?: object): Promise<Answer>
}

/** CoreDNS and this server, with the same lines of a server block. */
const both = async (lines: string) => {
  const theirs = await CoreDns.start(`. {\n${lines}\n}\n`)
  const ours = await startInProcess(lines)
  const servers: readonly Server[] = [theirs, ours]
  return {
    servers,
    ours,
    async [Symbol.asyncDispose]() {
      await theirs[Symbol.asyncDispose]()
      await ours[Symbol.asyncDispose]()
    },
  }
}

suite('CoreDNS answers the same', { skip: noCoreDns() ?? false }, () => {
  test('of zones that it has transferred', async () => {
    const files = { db0: ZONE.replace(/^\$GENERATE.*\n/m, ''), db1: OTHER, db2: SIGNED }
    await using primary = await serve(
      files,
      `${ORIGINS.map((origin, i) => `file db${i} ${origin}`).join('\n')}\ntransfer . {\n to *\n}`,
    )
    const from = `transfer from 127.0.0.1:${primary.port}`
    await using servers = await both(`secondary ${ORIGINS.join(' ')} {\n ${from}\n}\ntransfer {\n to *\n}`)
    const [theirs, ours] = servers.servers as [Server, Server]
    for (const origin of ORIGINS)
      for (const server of servers.servers) await until(async () => (await server.query(origin, 'SOA')).rcode === 'NOERROR')
    for (const name of ORIGINS.flatMap(origin => NAMES.map(below => below + origin)))
      for (const type of TYPES) {
        const options = { edns: { dnssecOk: name.endsWith('signed.example.'), udpSize: 4096 } }
        const [their, our, file] = await Promise.all(
          [theirs, ours, primary.server].map(server => server.query(name, type, options)),
        )
        assert.deepEqual(comparable(our!), comparable(file!), `${name} ${type}`)
        // What comes along is told, and compared, with *file*.
        const bare = (answer: Answer) => comparable({ ...answer, authority: [], additional: [] })
        assert.deepEqual(bare(our!), bare(their!), `${name} ${type}`)
      }
    assert.deepEqual((await ours.query('www.example.com')).rcode, (await theirs.query('www.example.com')).rcode)
    const lower = async ({ port }: Server) => (await axfr('example.org.', { port })).map(line => line.toLowerCase()).sort()
    assert.deepEqual(await lower(ours), await lower(theirs))
    const refused = await Promise.all(
      [theirs, ours].map(({ port }) => transfer(queryMessage('www.example.org.', 'AXFR'), { port })),
    )
    assert.deepEqual(refused[1]![0]!.rcode, refused[0]![0]!.rcode)
  })

  test('of a zone that it has not transferred yet', async () => {
    await using servers = await both(
      `secondary example.org {\n transfer from 127.0.0.1:${await freePort()}\n fallthrough\n}\nwhoami`,
    )
    const [their, our] = await Promise.all(servers.servers.map(server => server.query('www.example.org')))
    assert.deepEqual([our!.rcode, their!.rcode], ['SERVFAIL', 'SERVFAIL'])
  })

  test('to notifications, and takes another version', async () => {
    await using primary = await startPrimary()
    await using servers = await both(`secondary example.org {\n transfer from ${primary.to}\n}`)
    for (const server of servers.servers) await until(async () => (await addressOf(server)) === '192.0.2.1')
    for (const [i, sent] of [notification(), notification('EXAMPLE.org.', { edns: true })].entries()) {
      primary.zones['example.org.'] = zone(i + 2)
      const replies = await Promise.all(servers.servers.map(({ port }) => sendUdp(sent, { port })))
      const [their, our] = replies.map(reply => readMessage(reply!))
      assert.deepEqual({ ...our, edns: undefined, raw: undefined }, { ...their, edns: undefined, raw: undefined })
      for (const server of servers.servers) await until(async () => (await addressOf(server)) === `192.0.2.${i + 2}`)
    }
    const silence = await Promise.all(servers.servers.map(server => notifyFrom('127.0.0.9', server)))
    assert.deepEqual(silence, [undefined, undefined])
  })

  test('for zones that a catalog lists', async () => {
    await using primary = await startPrimary({
      [CATALOG]: catalog(1, ['a PTR a.example.org.', 'b PTR example.net.', 'c PTR example.com.']),
      'a.example.org.': zone(1, 'a.example.org.'),
      'example.net.': zone(2, 'example.net.'),
      'example.com.': zone(3, 'example.com.'),
    })
    await using servers = await both(
      `secondary ${CATALOG} {\n transfer from ${primary.to}\n catalog example.org\n catalog example.net\n}\nwhoami`,
    )
    const found = await Promise.all(
      servers.servers.map(async server => {
        await until(async () => (await addressOf(server, 'example.net.')) === '192.0.2.2')
        await until(async () => (await addressOf(server, 'a.example.org.')) === '192.0.2.1')
        return (await server.query('www.example.com')).rcode
      }),
    )
    assert.deepEqual(found, ['NOERROR', 'NOERROR'])
  })
})

suite('knot is a primary', { skip: noKnot() ?? false }, () => {
  /** @param port of the server that is told of other versions */
  const config = (port: number, zones: string) => `remote:
  - id: secondary
    address: 127.0.0.1@${port}
acl:
  - id: transfer
    address: 127.0.0.1
    action: transfer
${zones}`

  test('of a zone, and of each new version as soon as it tells', { timeout: 30_000 }, async () => {
    const knotPort = await freePort()
    await using server = await startInProcess(
      `secondary signed.example {\n transfer from 127.0.0.1:${knotPort}\n}\ntransfer {\n to *\n}`,
    )
    const zones = 'zone:\n  - domain: signed.example\n    file: db\n    notify: secondary\n    acl: transfer\n'
    await using knot = await Knot.start(config(server.port, zones), { db: SIGNED }, knotPort)
    await server.waitForLine(/Transferred: signed\.example\. from/, { timeout: 12_000 })
    const lower = async (port: number) => (await axfr('signed.example.', { port })).map(line => line.toLowerCase()).sort()
    assert.deepEqual(await lower(server.port), await lower(knot.port))
    for (const name of ['signed.example', 'a.signed.example', 'no.signed.example']) {
      const options = { edns: { dnssecOk: true, udpSize: 4096 } }
      const ours = await server.query(name, 'A', options)
      assert.ok(
        [...ours.answer, ...ours.authority].some(line => / RRSIG /.test(line)),
        name,
      )
    }
    const { answer } = await server.query('signed.example', 'SOA')
    const serial = Number(answer[0]!.split(' ')[6])
    await writeFile(join(knot.folder, 'db'), SIGNED.replace(new RegExp(`\\b${serial}\\b`), `${serial + 1}`))
    knot.reload('signed.example')
    await server.waitForLine(new RegExp(`Transferred: signed\\.example\\. .*with ${serial + 1} SOA serial`))
  })

  test('of a catalog that it makes', { timeout: 30_000 }, async () => {
    const knotPort = await freePort()
    await using server = await startInProcess(`secondary catalog.example {\n transfer from 127.0.0.1:${knotPort}\n catalog\n}`)
    const zones = `zone:
  - domain: catalog.example
    catalog-role: generate
    notify: secondary
    acl: transfer
  - domain: example.net
    file: db
    notify: secondary
    acl: transfer
    catalog-role: member
    catalog-zone: catalog.example
`
    const db = '$TTL 60\n@ SOA ns hostmaster 1 2 3 4 60\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.99\n'
    await using _knot = await Knot.start(config(server.port, zones), { db }, knotPort)
    await until(async () => (await addressOf(server, 'example.net.')) === '192.0.2.99', undefined, 15_000)
  })
})
