import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { rewrite } from '#plugins/rewrite/index.ts'
import { NO_RECORDS } from '#src/dns/sections.ts'
import { answer, type ServerBlock } from '#src/plugin.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { directiveOf } from '#test/support/directive.ts'
import { queryOf } from '#test/support/exchange.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { type Answer, type QueryOptions, readMessage } from '#test/support/message.ts'
import { messageFrom } from '#test/support/records.ts'
import { startUpstream } from '#test/support/upstream.ts'

type Options = Readonly<Record<number, string>>

const [NSID, ECS, LOCAL, OTHER] = [3, 8, 0xffee, 0xffed]

/** Octets as latin1. */
const subnet = (...octets: readonly number[]) => Buffer.of(0, 1, ...octets).toString('latin1')

/** Lines of *rewrite* behind `edns0`; options of a client at 127.0.0.1; those that the upstream sees; those that come back where the server answers itself. */
const cases: readonly (readonly [lines: readonly string[], sent: Options, upstream: Options, returned: Options])[] = [
  [['local set 0xffee abcd'], {}, { [LOCAL]: 'abcd' }, { [LOCAL]: 'abcd' }],
  [['local set 65518 0x61626364'], { [LOCAL]: 'x' }, { [LOCAL]: 'abcd' }, { [LOCAL]: 'abcd' }],
  [['LOCAL SET 0xffee abcd'], { [OTHER]: 'y' }, { [LOCAL]: 'abcd' }, { [LOCAL]: 'abcd' }],
  [['local append 0xffee {qtype}'], {}, { [LOCAL]: '\0\x01' }, { [LOCAL]: '\0\x01' }],
  [['local append 0xffee {qtype}'], { [LOCAL]: 'x' }, { [LOCAL]: 'x' }, { [LOCAL]: 'x' }],
  [['local replace 0xffee abcd'], {}, {}, {}],
  [['local replace 0xffee abcd'], { [LOCAL]: 'x' }, { [LOCAL]: 'abcd' }, { [LOCAL]: 'abcd' }],
  [['local unset 0xffee'], { [LOCAL]: 'x' }, {}, {}],
  [['local set 0xffee abcd', 'local set 0xffed ef'], {}, { [LOCAL]: 'abcd' }, { [LOCAL]: 'abcd' }],
  [['continue local set 0xffee abcd', 'local set 0xffed ef'], {}, { [LOCAL]: 'abcd', [OTHER]: 'ef' }, { [LOCAL]: 'abcd', [OTHER]: 'ef' }],
  [['local replace 0xffee abcd', 'local set 0xffed ef'], {}, { [OTHER]: 'ef' }, { [OTHER]: 'ef' }],
  [['local set 0xffee {qname}'], {}, { [LOCAL]: 'a.example.' }, { [LOCAL]: 'a.example.' }],
  [['local set 0xffee {client_ip}'], {}, { [LOCAL]: '\x7f\0\0\x01' }, { [LOCAL]: '\x7f\0\0\x01' }],
  [['local set 0xffee {protocol}'], {}, { [LOCAL]: 'udp' }, { [LOCAL]: 'udp' }],
  [['local set 0xffee {server_ip}'], {}, {}, {}],
  [['local set 0xffee {kubernetes/client-namespace}'], {}, {}, {}],
  [['nsid set'], {}, { [NSID]: '' }, {}],
  [['nsid replace'], {}, {}, {}],
  [['nsid append'], {}, { [NSID]: '' }, {}],
  [['nsid unset'], { [NSID]: '' }, {}, {}],
  [['subnet set 24 56'], {}, { [ECS]: subnet(24, 0, 127, 0, 0) }, {}],
  [['subnet set 7 56'], { [ECS]: subnet(8, 0, 10) }, { [ECS]: subnet(7, 0, 126) }, {}],
  [['subnet set 0 0'], {}, { [ECS]: subnet(0, 0) }, {}],
  [['subnet append 24 56'], { [ECS]: subnet(8, 0, 10) }, { [ECS]: subnet(8, 0, 10) }, {}],
  [['subnet replace 24 56'], {}, {}, {}],
  [['subnet unset'], { [ECS]: subnet(8, 0, 10) }, {}, {}],
  [['local set 0xffee abcd revert'], {}, { [LOCAL]: 'abcd' }, {}],
  [['local set 0xffee abcd revert'], { [LOCAL]: 'x' }, { [LOCAL]: 'abcd' }, { [LOCAL]: 'x' }],
  [['continue local set 0xffee abcd', 'local replace 0xffee bcde revert'], {}, { [LOCAL]: 'bcde' }, { [LOCAL]: 'abcd' }],
  [['continue local set 0xffee abcd revert', 'local replace 0xffee bcde'], {}, { [LOCAL]: 'bcde' }, {}],
  [['subnet set 24 56 revert'], {}, { [ECS]: subnet(24, 0, 127, 0, 0) }, {}],
] // biome-ignore format: a table

const corefile = (lines: readonly string[]) =>
  lines.map(line => `rewrite ${line.replace(/^(continue )?/, '$1edns0 ')}\n`).join('')

const sentBy = (options: Options): QueryOptions => ({
  edns: { options: Object.entries(options).map(([code, data]) => [Number(code), Buffer.from(data, 'latin1')] as const) },
})

/** Of the options in a message, those that a rule may be about. */
const read = ({ edns }: Answer, codes: readonly number[]): Options =>
  Object.fromEntries(codes.flatMap(code => (edns?.options.has(code) ? [[code, edns.options.get(code)!.toString('latin1')]] : [])))

interface Asked extends AsyncDisposable {
  query(name: string, type: string, options: QueryOptions): Promise<Answer>
}

async function outcome(start: (block: string) => Promise<Asked>, lines: readonly string[], sent: Options) {
  await using upstream = await startUpstream(({ message }) => messageFrom(message, ['a.example. 1 IN A 192.0.2.1']))
  await using forwarding = await start(`${corefile(lines)}forward . ${upstream.to}\n`)
  assert.equal((await forwarding.query('a.example', 'A', sentBy(sent))).rcode, 'NOERROR')
  await using itself = await start(`${corefile(lines)}hosts {\n 192.0.2.1 a.example\n}\n`)
  const reply = await itself.query('a.example', 'A', sentBy(sent))
  const named = lines.flatMap(line => (line.includes('0xffed') ? [OTHER] : []))
  const seen = upstream.seen.find(({ name }) => name === 'a.example.')!
  return {
    upstream: read(readMessage(seen.message), [NSID, ECS, LOCAL, ...named]),
    returned: read(reply, [NSID, ECS, LOCAL, ...named]),
  }
}

suite('EDNS options', () => {
  for (const [lines, sent, upstream, returned] of cases) {
    test(`${lines.join('; ')} of ${JSON.stringify(sent)}`, async () => {
      assert.deepEqual(await outcome(startInProcess, lines, sent), { upstream, returned })
    })
  }
})

suite('CoreDNS has the same', { skip: noCoreDns() ?? false }, () => {
  for (const [lines, sent, upstream, returned] of cases) {
    test(`${lines.join('; ')} of ${JSON.stringify(sent)}`, async () => {
      assert.deepEqual(await outcome(block => CoreDns.start(`. {\n${block}}\n`), lines, sent), { upstream, returned })
    })
  }
})

test('a client without EDNS gets none, and what it asks for is sent with the option', async () => {
  await using upstream = await startUpstream(({ message }) => messageFrom(message))
  await using server = await startInProcess(`rewrite edns0 local set 0xffee abcd\nforward . ${upstream.to}`)
  assert.equal((await server.query('a.example')).edns, undefined)
  assert.deepEqual(read(readMessage(upstream.seen[0]!.message), [LOCAL]), { [LOCAL]: 'abcd' })
})

test('a reply of an upstream has no options that the upstream did not give it', async () => {
  await using upstream = await startUpstream(({ message }) => messageFrom(message))
  await using server = await startInProcess(`rewrite edns0 local set 0xffee abcd\nforward . ${upstream.to}`)
  assert.equal((await server.query('a.example', 'A', { edns: true })).edns?.options.size, 0)
})

test('what is asked with other options is another question, upstream and in the cache', async () => {
  await using upstream = await startUpstream(async ({ message }) => {
    await Promise.resolve()
    return messageFrom(message, ['a.example. 60 IN A 192.0.2.1'])
  })
  await using server = await startInProcess(`rewrite edns0 local append 0xffee {qtype}\ncache\nforward . ${upstream.to}`)
  const ask = (data: string) => server.query('a.example', 'A', sentBy({ [LOCAL]: data }))
  await Promise.all(['x', 'y', 'x', 'y'].map(ask))
  await Promise.all(['x', 'y', 'x', 'y'].map(ask))
  assert.deepEqual(upstream.seen.map(({ message }) => read(readMessage(message), [LOCAL])[LOCAL]).sort(), ['x', 'y'])
})

test('ports are those of the question; the address of the server is that which it listens on', async () => {
  await using upstream = await startUpstream(({ message }) => messageFrom(message))
  await using server = await startInProcess(
    `bind 127.0.0.1
    rewrite continue edns0 local set 1 {server_ip}
    rewrite continue edns0 local set 2 {server_port}
    rewrite edns0 local set 4 {client_port}
    forward . ${upstream.to}`,
  )
  await server.query('a.example')
  const { options } = readMessage(upstream.seen[0]!.message).edns!
  assert.deepEqual([...options.get(1)!], [127, 0, 0, 1])
  assert.equal(options.get(2)!.readUInt16BE(), server.port)
  assert.ok(options.get(4)!.readUInt16BE() > 0)
})

test('a rule whose option does not fit does nothing, and what is returned never takes the place that a reply has to have', async () => {
  const long = 'x'.repeat(500)
  await using upstream = await startUpstream(({ message }) => messageFrom(message))
  await using server = await startInProcess(
    `rewrite continue edns0 local set 1 ${long}\nrewrite edns0 local set 2 ${long}\nforward upstream.example ${upstream.to}\nscript`,
  )
  await server.query('upstream.example')
  assert.deepEqual(read(readMessage(upstream.seen[0]!.message), [1, 2]), { 1: long })
  const small = await server.query('a.example', 'A', { edns: { udpSize: 512 } })
  assert.deepEqual([small.edns!.options.size, small.rcode], [0, 'NOERROR'])
  const large = await server.query('a.example', 'A', { edns: { udpSize: 1232 } })
  assert.deepEqual(read(large, [1, 2]), { 1: long })
})

test('an IPv6 client has the subnet of its own address', () => {
  const instance = rewrite.create(rewrite.parse(directiveOf('rewrite edns0 subnet set 24 28')), {} as ServerBlock)
  let seen = ''
  const handler = instance.wrap!(({ upstreamOptions }) => {
    seen = upstreamOptions
    return answer(NO_RECORDS)
  })
  handler(queryOf('a.org', 'A', { address: '2001:dbf:ffff::1' }))
  assert.equal(Buffer.from(seen, 'latin1').toString('hex'), '00080008' + '0002' + '1c00' + '20010db0')
})
