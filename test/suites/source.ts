/** What every source answers, whatever it takes its data from. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Answer } from '#test/support/message.ts'
import { type ServerProcess, type StartOptions, startServer } from '#test/support/server.ts'

/** A source with data in it, all names below its zone unless said otherwise. */
export interface SourceUnderTest {
  readonly plugin: string
  /** One server block, the source as its last directive but `whoami`, which answers what the source passes on. */
  readonly corefile: string
  readonly options?: StartOptions
  /** Has just this IPv4 address. */
  readonly ipv4: readonly [name: string, address: string]
  /** Has just these addresses of both families. */
  readonly both: readonly [name: string, ipv4: string, ipv6: string]
  readonly unknown: string
  /** Exists because of names below it. */
  readonly above: string
  /** Names that begin so have this IPv4 address. */
  readonly wildcard: readonly [suffix: string, address: string]
  /** The address of `ipv4` is called so. */
  readonly reverse: string
  /** What this source does otherwise, by the name of the test, and why. */
  readonly otherwise?: Readonly<Record<string, string>>
}

const TYPES = ['NS', 'CNAME', 'SOA', 'MX', 'TXT', 'SRV', 'NAPTR', 'DS', 'HTTPS', 'CAA', 'TYPE65280'] as const

export function sourceSuite(source: SourceUnderTest): void {
  suite(`${source.plugin} as a source`, () => {
    let server: ServerProcess
    before(async () => {
      server = await startServer(source.corefile, source.options)
    })
    after(() => server.stop())

    const titles = new Set<string>()
    const check = (title: string, run: () => Promise<void>) => {
      titles.add(title)
      test(title, { skip: source.otherwise?.[title] ?? false }, run)
    }
    const addressOf = ({ answer }: Answer) => answer.map(line => line.split(' ').at(-1))
    const passedOn = ({ additional }: Answer) => additional.length === 2

    const [name, address] = source.ipv4
    check('a name has its addresses', async () => {
      const reply = await server.query(name)
      assert.deepEqual([reply.rcode, reply.flags, addressOf(reply)], ['NOERROR', 'qr aa rd', [address]])
    })
    check('addresses of two families are told apart', async () => {
      const [both, ipv4, ipv6] = source.both
      assert.deepEqual(addressOf(await server.query(both, 'A')), [ipv4])
      assert.deepEqual(addressOf(await server.query(both, 'AAAA')), [ipv6])
    })
    check('case does not matter, and the owner is as it was asked for', async () => {
      const shouted = name.toUpperCase()
      assert.match((await server.query(shouted)).answer.join(), new RegExp(`^${RegExp.escape(shouted)} \\d+ IN A `))
    })
    check('a type that the name does not have is no error', async () => {
      for (const type of ['AAAA', ...TYPES]) {
        const { rcode, answer, additional } = await server.query(name, type)
        assert.deepEqual([type, rcode, answer, additional], [type, 'NOERROR', [], []])
      }
    })
    check('a negative answer has the SOA', async () => {
      for (const [asked, type] of [
        [name, 'AAAA'],
        [source.unknown, 'A'],
      ] as const)
        assert.match((await server.query(asked, type)).authority.join(), /^\S+ \d+ IN SOA \S+ \S+ \d+ \d+ \d+ \d+ \d+$/)
    })
    check('an unknown name does not exist, for no type', async () => {
      for (const type of ['A', 'AAAA', ...TYPES])
        assert.deepEqual([type, (await server.query(source.unknown, type)).rcode], [type, 'NXDOMAIN'])
    })
    check('a name above others exists', async () => {
      const { rcode, answer } = await server.query(source.above)
      assert.deepEqual([rcode, answer], ['NOERROR', []])
    })
    check('a wildcard answers under the name that was asked for', async () => {
      const [suffix, target] = source.wildcard
      const reply = await server.query(`some.${suffix}`)
      assert.deepEqual(addressOf(reply), [target])
      assert.match(reply.answer.join(), new RegExp(`^some\\.${RegExp.escape(suffix)} `))
    })
    check('labels that look like something else are labels', async () => {
      const labels = ['__proto__', 'constructor', 'toString', '\\255\\000', 'a\\.b', 'a\\\\b', '*', 'x'.repeat(63)]
      const expected = (await server.query(source.unknown)).rcode
      for (const label of labels) {
        const [, below = ''] = /^[^.]+\.(.*)$/.exec(source.unknown) ?? []
        assert.deepEqual([label, (await server.query(`${label}.${below}`)).rcode], [label, expected])
      }
    })
    check('an address has its name', async () => {
      const reverse = `${address.split('.').reverse().join('.')}.in-addr.arpa.`
      assert.deepEqual(addressOf(await server.query(reverse, 'PTR')), [source.reverse])
    })
    check('an unknown address is passed on', async () => {
      assert.ok(passedOn(await server.query('99.113.0.203.in-addr.arpa.', 'PTR')))
    })
    check('a name outside the zone is passed on', async () => {
      for (const outside of ['www.example.net.', 'org.', '.']) assert.ok(passedOn(await server.query(outside)), outside)
    })

    test('what is done otherwise is a test by this name', () => {
      for (const title of Object.keys(source.otherwise ?? {})) assert.ok(titles.has(title), title)
    })
  })
}
