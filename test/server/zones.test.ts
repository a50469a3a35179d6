import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { freePort } from '#test/support/ports.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'

const names = [
  'example.net',
  'org',
  'example.org',
  'www.example.org',
  'wwwexample.org',
  'sub.example.org',
  'a.b.sub.example.org',
  'xsub.example.org',
  'one.example.com',
  'two.example.com',
  '__proto__.example.org',
]

/** A block in which every name has the address 192.0.2.BLOCK, so that an answer tells who gave it. */
const block = (number: number, labels: string) =>
  `${labels} {\n hosts /dev/null {\n${names.map(name => `  192.0.2.${number} ${name}`).join('\n')}\n }\n}\n`

/** The number of the block that answers, or an rcode. */
const blockFor = async (server: ServerProcess, name: string, port: number, type = 'A') => {
  const { rcode, answer } = await server.query(name, type, { port })
  return answer.length > 0 ? Number(answer[0]!.split('.').at(-1)) : rcode
}

suite('blocks of several zones on several ports', () => {
  let server: ServerProcess
  let [main, other] = [0, 0]

  before(async () => {
    ;[main, other] = [await freePort(), await freePort()]
    server = await startServer(
      [
        block(1, '.'),
        block(2, `example.org. sub.EXAMPLE.org:${other}`),
        block(3, 'sub.example.org'),
        block(4, `dns://one.example.com:${other}, two.example.com`),
        block(5, '__proto__.example.org'),
        'empty.example.org {\n}\n',
        '10.0.0.0/15 192.0.2.0/24 {\n whoami\n}\n',
      ].join(''),
      { args: ['-p', String(main)] },
    )
  })
  after(() => server.stop())

  const routes: readonly (readonly [name: string, asked: string, port: 'main' | 'other', answered: number | string])[] = [
    ['the root takes what no other zone holds', 'example.net', 'main', 1],
    ['the zone itself', 'example.org', 'main', 2],
    ['a name below', 'www.example.org', 'main', 2],
    ['a name that ends alike', 'wwwexample.org', 'main', 1],
    ['whatever its case', 'WWW.Example.ORG', 'main', 2],
    ['the longest zone', 'a.b.sub.example.org', 'main', 3],
    ['a label that ends alike', 'xsub.example.org', 'main', 2],
    ['a zone called __proto__', '__proto__.example.org', 'main', 5],
    ['each label has its own port: here', 'sub.example.org', 'other', 2],
    ['each label has its own port: and there', 'sub.example.org', 'main', 3],
    ['a port that stands behind one label is not that of the next', 'two.example.com', 'main', 4],
    ['nor the other way round', 'one.example.com', 'main', 1],
    ['a scheme before the name', 'one.example.com', 'other', 4],
    ['no zone on that port', 'two.example.com', 'other', 'REFUSED'],
    ['no zone on that port, not even the parent’s', 'example.org', 'other', 'REFUSED'],
    ['a zone without plugins', 'www.empty.example.org', 'main', 'REFUSED'],
  ]

  for (const [name, asked, port, answered] of routes) {
    test(name, async () => assert.equal(await blockFor(server, asked, port === 'main' ? main : other), answered))
  }

  for (const [asked, whose] of [
    ['1.0.0.10.in-addr.arpa', 'block'],
    ['1.0.1.10.in-addr.arpa', 'block'],
    ['1.0.2.10.in-addr.arpa', 'root'],
    ['1.2.0.192.in-addr.arpa', 'block'],
  ] as const) {
    test(`labels that are networks: ${asked} belongs to the ${whose}`, async () => {
      const { additional } = await server.query(asked, 'PTR', { port: main })
      assert.equal(additional.length > 0, whose === 'block')
    })
  }

  test('DS of a zone is asked of its parent', async () => {
    // *hosts* tells by NODATA that it knows a name, and by SERVFAIL that it does not; the parent zone here is the same block’s.
    await using parent = await startServer(
      'org:0 {\n hosts /dev/null {\n  192.0.2.1 example.org\n }\n}\nexample.org:0 {\n whoami\n}\n',
    )
    assert.equal((await parent.query('example.org', 'DS')).additional.length, 0)
    assert.equal((await parent.query('example.org', 'SOA')).additional.length, 2)
    assert.equal((await parent.query('www.example.org', 'DS')).additional.length, 2)
  })

  test('class CH is refused, whatever is asked', async () => {
    for (const [name, type] of [
      ['version.bind', 'TXT'],
      ['example.org', 'A'],
    ] as const) {
      const { rcode, answer, question } = await server.query(name, type, { port: main, class: 3 })
      assert.deepEqual([rcode, answer, question], ['REFUSED', [], `${name}. CH ${type}`])
    }
  })

  test('each zone is told with its port and its chain at start', () => {
    const { stdout } = server
    assert.deepEqual(stdout.slice(0, 4), [
      `.:${main}`,
      `example.org.:${main}`,
      `sub.example.org.:${other}`,
      `sub.example.org.:${main}`,
    ])
    assert.ok(stdout.includes(`0.10.in-addr.arpa.:${main}`) && stdout.includes(`1.10.in-addr.arpa.:${main}`))
    assert.ok(stdout.includes(`example.org.:${main}: hosts`))
  })
})

test('a file of labels alone refuses everything', async () => {
  await using server = await startServer('example.org:0\n')
  for (const name of ['example.org', 'www.example.org', 'example.net']) {
    const { rcode, flags } = await server.query(name)
    assert.deepEqual([rcode, flags], ['REFUSED', 'qr rd'])
  }
})

test('a file without braces is one block', async () => {
  await using server = await startServer('example.org:0\nhosts /dev/null {\n 192.0.2.1 example.org\n}\n')
  assert.deepEqual((await server.query('example.org')).answer, ['example.org. 3600 IN A 192.0.2.1'])
  assert.equal((await server.query('example.net')).rcode, 'REFUSED')
})
