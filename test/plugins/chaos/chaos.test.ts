import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { suite, test } from 'node:test'
import { chaos } from '#plugins/chaos/index.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { refuses } from '#test/support/directive.ts'
import { startInProcess } from '#test/support/in-process.ts'

const CH = { class: 3 }
const LONG = 'a'.repeat(300)

const cases: readonly (readonly [line: string, name: string, texts: readonly string[]])[] = [
  ['chaos', 'version.bind', ['istio-coredns-test']],
  ['chaos', 'authors.bind', []],
  ['chaos', 'hostname.bind', [hostname()]],
  ['chaos', 'id.server', [hostname()]],
  ['chaos v1 b@example.org a@example.org b@example.org', 'Version.Server', ['v1']],
  ['chaos v1 b@example.org a@example.org b@example.org', 'authors.bind', ['a@example.org', 'b@example.org']],
  ['chaos "v 1"\nchaos v2', 'version.bind', ['v 1']],
  [`chaos ${LONG}`, 'version.bind', [LONG.slice(0, 255)]],
] // biome-ignore format: a table

suite('texts of class CH', () => {
  for (const [line, name, texts] of cases) {
    test(`${line.replace('\n', '; ').slice(0, 40)}: ${name}`, async () => {
      await using server = await startInProcess(`${line}\nscript`)
      const { rcode, flags, answer } = await server.query(name, 'TXT', CH)
      assert.deepEqual(
        { rcode, flags, answer },
        { rcode: 'NOERROR', flags: 'qr rd', answer: texts.map(text => `${name}. 0 CH TXT "${text}"`) },
      )
    })
  }
})

test('a text is cut between characters', async () => {
  await using server = await startInProcess(`chaos ${'ä'.repeat(200)}\nscript`)
  const { raw } = await server.query('version.bind', 'TXT', CH)
  assert.equal(raw.at(-255), 254)
})

test('other classes, types and names go on', async () => {
  await using server = await startInProcess('chaos\nscript')
  for (const [name, type, options] of [
    ['version.bind', 'TXT', {}],
    ['version.bind', 'A', CH],
    ['www.version.bind', 'TXT', CH],
  ] as const)
    assert.equal((await server.query(name, type, options)).flags, 'qr aa rd', name)
})

test('CoreDNS answers the same', { skip: noCoreDns() ?? false }, async () => {
  await using theirs = await CoreDns.start('. {\n chaos v1 a@example.org\n}\n')
  await using ours = await startInProcess('chaos v1 a@example.org')
  for (const name of ['version.bind', 'version.server', 'authors.bind', 'hostname.bind', 'id.server', 'other.bind']) {
    const comparable = ({ rcode, flags, answer }: Awaited<ReturnType<typeof ours.query>>) => ({ rcode, flags, answer })
    const edns = { udpSize: 4096 }
    assert.deepEqual(
      comparable(await ours.query(name, 'TXT', { ...CH, edns })),
      comparable(await theirs.query(name, 'TXT', CH)),
      name,
    )
  }
})

test('options are refused', () => {
  refuses(chaos, 'chaos {\n a\n}')
})
