import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { auto } from '#plugins/auto/index.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'
import { startServer } from '#test/support/server.ts'

const parse = (lines: string) => {
  const { zones, sources } = auto.parse(directiveOf(lines))
  return { zones, sources: sources.map(({ pattern, ...others }) => ({ ...others, pattern: pattern.pattern() })) }
}
const one = { directory: 'zones', pattern: 'db\\.(.*)', template: '{1}', reload: 60_000 }

test("what is not said has CoreDNS's defaults", () => {
  assert.deepEqual(parse('auto {\n directory zones\n}'), { zones: ['example.org.'], sources: [one] })
})

test('all options, and several uses', () => {
  assert.deepEqual(
    parse(
      'auto a.example 192.0.2.0/24 {\n directory zones (.*)\\.(.*) {2}.{1}.{x}\n reload 1m30s\n}\nauto b.example {\n directory two\n reload 0\n}',
    ),
    {
      zones: ['a.example.', '2.0.192.in-addr.arpa.', 'b.example.'],
      sources: [
        { directory: 'zones', pattern: '(.*)\\.(.*)', template: '{2}.{1}.{x}', reload: 90_000 },
        { ...one, directory: 'two', reload: 0 },
      ],
    },
  )
})

test('upstream is accepted, and warned of', () => {
  const directive = directiveOf('auto {\n directory zones\n upstream 192.0.2.53\n}')
  auto.parse(directive)
  assert.match(directive.warnings.join(), /^plugin\/auto: Corefile:4 - .*upstream has no effect any more/)
})

test('without a directory it answers for nothing, and warns of that', async () => {
  await using server = await startServer(
    '.:0 {\n hosts /dev/null {\n  192.0.2.1 example.org\n  fallthrough\n }\n auto\n whoami\n}\n',
  )
  await server.waitForLine(/^\[WARNING\] plugin\/auto: \S*Corefile:6 - .*no directory/)
  assert.equal((await server.query('example.org')).answer.length, 1)
  assert.equal((await server.query('other.example')).rcode, 'NOERROR')
})

const bad: Readonly<Record<string, RegExp>> = {
  'auto {\n directory\n}': /Corefile:3 - .*expected DIR/,
  'auto {\n directory zones (.*)\n}': /expected ORIGIN_TEMPLATE/,
  'auto {\n directory zones .* {1}\n}': /REGEXP needs a group/,
  'auto {\n directory zones (.*) {2}\n}': /REGEXP has 1 groups, ORIGIN_TEMPLATE names \{2\}/,
  'auto {\n directory zones * {1}\n}': /REGEXP is no regular expression/,
  'auto {\n directory zones (.*) {1} more\n}': /expected no more arguments/,
  [`auto {\n directory zones (${'x'.repeat(10_000)}) {1}\n}`]: /REGEXP is too long/,
  'auto {\n directory zones\n reload 5\n}': /DURATION must be a duration/,
  'auto {\n directory zones\n reload 600h\n}': /DURATION is out of range: '600h'/,
  'auto {\n directory zones\n no_reload\n}': /unknown property 'no_reload'/,
}

suite('what is not accepted', () => {
  for (const [lines, message] of Object.entries(bad))
    test(JSON.stringify(lines.slice(0, 60)), () => refuses(auto, lines, message))
})
