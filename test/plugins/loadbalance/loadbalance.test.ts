import assert from 'node:assert/strict'
import { rename, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { loadbalance } from '#plugins/loadbalance/index.ts'
import { toOctets } from '#src/dns/address.ts'
import { RCODE, TYPE } from '#src/dns/codes.ts'
import { toKey } from '#src/dns/name.ts'
import { Query } from '#src/dns/query.ts'
import { Sections, SectionsBuilder } from '#src/dns/sections.ts'
import { Reply, type ServerBlock } from '#src/plugin.ts'
import { admit } from '#src/server/admission.ts'
import { fit } from '#src/server/fit.ts'
import { octetsOf } from '#src/transport/transport.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { runServer, startServer } from '#test/support/server.ts'

const HOSTS = `
  hosts /dev/null {
    192.0.2.1 www.example.org
    192.0.2.2 www.example.org
    192.0.2.3 www.example.org
    192.0.2.4 web.example.org
    192.0.2.5 web.example.org
  }`

const addresses = (answer: readonly string[]) => answer.map(line => line.split(' ')[4]!)

/** Writes a file in one step, so that nobody reads half of it. */
async function replace(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content)
  await rename(`${path}.new`, path)
}

/** How often each address came first. */
async function firsts(times: number, ask: () => Promise<string[]>): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (let i = 0; i < times; i++) {
    const [first = ''] = await ask()
    counts.set(first, (counts.get(first) ?? 0) + 1)
  }
  return counts
}

test('addresses come in any order, and all of them', async () => {
  await using server = await startServer(`.:0 {\n  loadbalance\n${HOSTS}\n}\n`)
  const ask = async () => {
    const { answer } = await server.query('www.example.org')
    assert.deepEqual(addresses(answer).toSorted(), ['192.0.2.1', '192.0.2.2', '192.0.2.3'])
    return addresses(answer)
  }
  // That one of three never comes first in 200 replies happens once in 10^35.
  assert.equal((await firsts(200, ask)).size, 3)
})

test('without it they keep their order', async () => {
  await using server = await startServer(`.:0 {\n${HOSTS}\n}\n`)
  const counts = await firsts(50, async () => addresses((await server.query('www.example.org')).answer))
  assert.deepEqual(counts, new Map([['192.0.2.1', 50]]))
})

test('weights decide which address comes first, and follow their file', async () => {
  const weights = 'www.example.org\n192.0.2.1 255\n192.0.2.3 1\n'
  await using server = await startServer(`.:0 {\n  loadbalance weighted weights {\n    reload 20ms\n  }\n${HOSTS}\n}\n`, {
    files: { weights },
  })
  const ask = async () => addresses((await server.query('www.example.org')).answer)
  // Of 257 parts the others have 2: more than 20 of 200 replies would be once in 10^15.
  assert.ok((await firsts(200, ask)).get('192.0.2.1')! > 180)
  const from = server.stdout.length
  await replace(server.path('weights'), weights.replace('192.0.2.1', '192.0.2.2'))
  await server.waitForLine(/^\[INFO\] plugin\/loadbalance: Successfully reloaded weight file \S+weights$/, { from })
  assert.ok((await firsts(200, ask)).get('192.0.2.2')! > 180)
  // A file with an error changes nothing.
  await replace(server.path('weights'), 'www.example.org\n192.0.2.1 1000\n')
  await server.waitForLine(/^\[ERROR\] plugin\/loadbalance: \S+weights:2: a weight is .*'192.0.2.1 1000'$/)
  assert.ok((await firsts(200, ask)).get('192.0.2.2')! > 180)
})

test('a weight file may come later, unless it is read once only', async () => {
  await using server = await startServer(`.:0 {\n  loadbalance weighted missing {\n    reload 20ms\n  }\n${HOSTS}\n}\n`)
  await server.waitForLine(/^\[WARNING\] plugin\/loadbalance: Failed to open weight file: .*missing.* Will try again in 20ms$/)
  await replace(server.path('missing'), 'www.example.org\n192.0.2.3 255\n')
  await server.waitForLine(/Successfully reloaded weight file/)
  await using once = await runServer(`.:0 {\n  loadbalance weighted missing {\n    reload 0\n  }\n${HOSTS}\n}\n`)
  assert.equal((await once.exited).code, 1)
  assert.match(once.stderr[0]!, /missing/)
})

test('a weight file with an error keeps the server from starting', async () => {
  await using server = await runServer(`.:0 {\n  loadbalance weighted weights\n${HOSTS}\n}\n`, {
    files: { weights: '192.0.2.1' },
  })
  assert.equal((await server.exited).code, 1)
  assert.match(
    server.stderr[0]!,
    /^plugin\/loadbalance: \S*Corefile:\d+ - \S*weights:1: address without a weight: '192\.0\.2\.1'$/,
  )
})

/** The addresses of a reply with these sections, once through the plugin. */
function balanced(lines: string, sections: Sections, { type = TYPE.A as number, rcode = RCODE.NOERROR as number } = {}) {
  const query = admit(queryMessage('www.example.org', type), { address: '192.0.2.9', port: 1, family: 4 }, 'tcp', {
    label: 'dns://:53',
    address: '',
    port: 53,
  })
  assert.ok(query instanceof Query)
  const block = { root: '', log: () => undefined } as unknown as ServerBlock
  const handler = loadbalance.create(loadbalance.parse(directiveOf(lines)), block).wrap!(() => new Reply(rcode, 0, sections))
  const reply = handler(query)
  assert.ok(reply instanceof Reply)
  const { answer, additional } = readAnswer(octetsOf(fit(query, reply)))
  return { shuffle: reply.shuffle, answer: addresses(answer), additional: addresses(additional) }
}

const name = toKey('www.example.org')
const host = toKey('host.example.org')
const sections = () => {
  const builder = new SectionsBuilder(name)
  for (const address of ['192.0.2.1', '192.0.2.65', '198.51.100.1', '203.0.113.1']) builder.address(name, 60, toOctets(address)!)
  builder.additional()
  for (const address of ['2001:db8::1', '2001:db8:1::1']) builder.address(host, 60, toOctets(address)!)
  return builder.build()
}

test('preferred subnets stand first, in their order, for both families', () => {
  const lines = 'loadbalance {\n prefer 203.0.113.0/24 192.0.2.0/26\n prefer 2001:db8:1::/48\n}'
  const orders = new Set<string>()
  for (let i = 0; i < 50; i++) {
    const { shuffle, answer, additional } = balanced(lines, sections())
    assert.equal(shuffle, false)
    assert.deepEqual(answer.slice(0, 2), ['203.0.113.1', '192.0.2.1'])
    assert.deepEqual(answer.slice(2).toSorted(), ['192.0.2.65', '198.51.100.1'])
    assert.deepEqual(additional, ['2001:db8:1::1', '2001:db8::1'])
    orders.add(answer.slice(2).join(' '))
  }
  assert.equal(orders.size, 2, 'the others are shuffled')
})

test('the sections that others share stay as they are', () => {
  const shared = sections()
  const before = Buffer.from(shared.bytes)
  balanced('loadbalance {\n prefer 203.0.113.0/24\n}', shared)
  assert.deepEqual(Buffer.from(shared.bytes), before)
})

test('addresses of each name change places among themselves, compressed or not', () => {
  // Every owner spelled out, as CoreDNS writes small messages.
  const record = (owner: string, last: number) =>
    Buffer.concat([Buffer.from(owner, 'latin1'), Buffer.from([0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, last])])
  const bytes = Buffer.concat([record(name, 1), record(name, 2), record(host, 3), record(host, 4)])
  const spelled = new Sections(bytes, 4, 0, 0, 12 + name.length + 4)
  assert.deepEqual(balanced('loadbalance {\n prefer 192.0.2.2/32 192.0.2.4/32\n}', spelled).answer, [
    '192.0.2.2',
    '192.0.2.1',
    '192.0.2.4',
    '192.0.2.3',
  ])
})

test('only NOERROR is shuffled, and no zone transfer', () => {
  assert.equal(balanced('loadbalance', sections()).shuffle, true)
  assert.equal(balanced('loadbalance', sections(), { rcode: RCODE.NXDOMAIN }).shuffle, false)
  for (const type of [TYPE.AXFR, TYPE.IXFR]) assert.equal(balanced('loadbalance', sections(), { type }).shuffle, false)
})

const refused: readonly (readonly [lines: string, message: RegExp])[] = [
  ['loadbalance random', /policy must be one of round_robin, weighted: 'random'/],
  ['loadbalance weighted', /expected WEIGHTFILE/],
  ['loadbalance weighted a b', /expected no more arguments/],
  ['loadbalance round_robin a', /expected no more arguments/],
  ['loadbalance weighted a {\n reload x\n}', /DURATION must be/],
  ['loadbalance {\n reload 1s\n}', /reload is for the weighted policy/],
  ['loadbalance {\n prefer\n}', /expected CIDR/],
  ['loadbalance {\n prefer 192.0.2.0\n}', /invalid CIDR '192.0.2.0'/],
  ['loadbalance {\n prefr 192.0.2.0/24\n}', /did you mean 'prefer'/],
]

suite('options that cannot be meant are refused', () => {
  for (const [lines, message] of refused) {
    test(lines.replaceAll('\n', ''), () => {
      refuses(loadbalance, lines, message)
    })
  }
})
