import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { file } from '#plugins/file/index.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'

const parse = (lines: string) => file.parse(directiveOf(lines))
const one = { path: 'db', zones: ['example.org.'], reload: 60_000, reloadByTime: false }

test("what is not said has CoreDNS's defaults", () => {
  assert.deepEqual(parse('file db'), { sources: [one], fallthrough: [] })
})

test('all options', () => {
  assert.deepEqual(parse('file db a.example 192.0.2.0/24 {\n reload 1m30s\n reload_by_mtime\n fallthrough\n}'), {
    sources: [{ path: 'db', zones: ['a.example.', '2.0.192.in-addr.arpa.'], reload: 90_000, reloadByTime: true }],
    fallthrough: ['.'],
  })
})

test('several files, which share the last fallthrough', () => {
  assert.deepEqual(
    parse('file db {\n reload 0\n fallthrough a.example\n}\nfile two a.example b.example {\n fallthrough b.example\n}'),
    {
      sources: [
        { ...one, reload: 0 },
        { ...one, path: 'two', zones: ['a.example.', 'b.example.'] },
      ],
      fallthrough: ['b.example.'],
    },
  )
})

test('upstream is accepted, and warned of', () => {
  const directive = directiveOf('file db {\n upstream 192.0.2.53\n}')
  file.parse(directive)
  assert.match(directive.warnings.join(), /^plugin\/file: Corefile:3 - .*upstream has no effect any more/)
})

const bad: Readonly<Record<string, RegExp>> = {
  file: /Corefile:2 - .*after 'file': expected DBFILE/,
  'file db bad..zone': /'bad..zone' is not a zone/,
  'file db a.example a.example': /zone a.example. has a file already/,
  'file db\nfile two example.org': /Corefile:3 - .*zone example.org. has a file already/,
  'file db {\n reload\n}': /expected DURATION/,
  'file db {\n reload 5\n}': /DURATION must be a duration/,
  'file db {\n reload -5s\n}': /DURATION is out of range/,
  'file db {\n reload 600h\n}': /DURATION is out of range: '600h'/,
  'file db {\n reload_by_mtime yes\n}': /expected no more arguments/,
  'file db {\n relaod 5s\n}': /unknown property 'relaod' .*did you mean 'reload'/,
}

suite('what is not accepted', () => {
  for (const [lines, message] of Object.entries(bad)) test(JSON.stringify(lines), () => refuses(file, lines, message))
})
