import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Line } from '#src/corefile/directive.ts'
import { directive, line } from './demo.ts'

const options = {
  ttl: (option: Line) => void option.integer('TTL', 0, 60),
  force: () => {},
  success: (option: Line) => void option.text('SIZE'),
}

/** `message` is what stands between `plugin/demo: Corefile:2 - Error during parsing: ` and the end. */
const errors: { name: string; line: string; read(line: Line): unknown; message: string }[] = [
  {
    name: 'nothing where a word must be',
    line: 'demo',
    read: line => line.text('FILE'),
    message: "Wrong argument count or unexpected line ending after 'demo': expected FILE (column 1)",
  },
  {
    name: 'nothing after another word',
    line: 'demo a',
    read: line => [line.text('A'), line.text('B')],
    message: "Wrong argument count or unexpected line ending after 'a': expected B (column 6)",
  },
  {
    name: 'none of many',
    line: 'demo',
    read: line => line.some('TO'),
    message: "Wrong argument count or unexpected line ending after 'demo': expected TO (column 1)",
  },
  {
    name: 'a word too many',
    line: 'demo a b',
    read: line => [line.text('A'), line.end()],
    message: "Wrong argument count or unexpected line ending after 'b': expected no more arguments (column 8)",
  },
  {
    name: 'no number',
    line: 'demo five',
    read: line => line.integer('N', 1),
    message: "N must be a whole number of at least 1: 'five' (column 6)",
  },
  {
    name: 'a number with a point',
    line: 'demo 1.5',
    read: line => line.integer('N', 1),
    message: "N must be a whole number of at least 1: '1.5' (column 6)",
  },
  {
    name: 'a number in hexadecimal',
    line: 'demo 0x10',
    read: line => line.integer('N', 1),
    message: "N must be a whole number of at least 1: '0x10' (column 6)",
  },
  {
    name: 'an empty number',
    line: 'demo ""',
    read: line => line.integer('N', 0),
    message: "N must be a whole number of at least 0: '' (column 6)",
  },
  {
    name: 'a small number',
    line: 'demo 0',
    read: line => line.integer('N', 1),
    message: "N must be a whole number of at least 1: '0' (column 6)",
  },
  {
    name: 'a large number',
    line: 'demo 61',
    read: line => line.integer('N', 0, 60),
    message: "N must be a whole number between 0 and 60: '61' (column 6)",
  },
  {
    name: 'a number beyond counting',
    line: `demo ${'9'.repeat(30)}`,
    read: line => line.integer('N', 0),
    message: `N must be a whole number of at least 0: '${'9'.repeat(30)}' (column 6)`,
  },
  {
    name: 'no duration',
    line: 'demo soon',
    read: line => line.duration('T'),
    message: "T must be a duration such as 5s or 1m30s: 'soon' (column 6)",
  },
  {
    name: 'a bare number where it counts for nothing',
    line: 'demo 5',
    read: line => line.duration('T'),
    message: "T must be a duration such as 5s or 1m30s: '5' (column 6)",
  },
  {
    name: 'a short duration',
    line: 'demo 1s',
    read: line => line.duration('T', { min: 2000 }),
    message: "T is out of range: '1s' (column 6)",
  },
  {
    name: 'a negative duration',
    line: 'demo -1s',
    read: line => line.duration('T'),
    message: "T is out of range: '-1s' (column 6)",
  },
  {
    name: 'a long duration',
    line: 'demo 2h',
    read: line => line.duration('T', { max: 3_600_000 }),
    message: "T is out of range: '2h' (column 6)",
  },
  {
    name: 'none of the words',
    line: 'demo upd',
    read: line => line.oneOf('PROTOCOL', ['udp', 'tcp']),
    message: "PROTOCOL must be one of udp, tcp: 'upd' (column 6, did you mean 'udp'?)",
  },
  {
    name: 'no zone',
    line: 'demo a.org b..org',
    read: line => line.zones([]),
    message: `'b..org' is not a zone: zone is not a valid domain name: "b..org" has an empty label (column 12)`,
  },
  {
    name: 'no name',
    line: 'demo a..b',
    read: line => line.name('NAME'),
    message: 'NAME must be a domain name: "a..b" has an empty label (column 6)',
  },
  {
    name: 'no regular expression',
    line: 'demo a(b',
    read: line => line.pattern('REGEXP'),
    message: 'REGEXP is no regular expression: error parsing regexp: missing closing ): `a(b` (column 6)',
  },
  {
    name: 'a regular expression that only V8 knows',
    line: 'demo (?=a)',
    read: line => line.pattern('REGEXP'),
    message: 'REGEXP is no regular expression: error parsing regexp: invalid or unsupported Perl syntax: `(?=` (column 6)',
  },
  {
    name: 'a long regular expression',
    line: `demo ${'a'.repeat(10_001)}`,
    read: line => line.pattern('REGEXP'),
    message: 'REGEXP is too long: 10001 of at most 10000 characters (column 6)',
  },
  ...['8080', ':', '::1:80', ':65536', ':http', 'a:b:80', '[::1]'].map(text => ({
    name: `no address to listen on: ${text}`,
    line: `demo ${text}`,
    read: (line: Line) => line.address('ADDRESS'),
    message: `ADDRESS must be HOST:PORT or :PORT: '${text}' (column 6)`,
  })),
  {
    name: 'a block that nobody reads',
    line: 'demo {\n  ttl 5\n}',
    read: line => line.end(),
    message: "unknown property 'ttl' (column 3)",
  },
  {
    name: 'an unknown option',
    line: 'demo {\n  tll 5\n}',
    read: line => line.options(options),
    message: "unknown property 'tll' (column 3, did you mean 'ttl'?)",
  },
  {
    name: 'an option named like what objects have',
    line: 'demo {\n  constructor\n}',
    read: line => line.options(options),
    message: "unknown property 'constructor' (column 3)",
  },
  {
    name: 'an option without its value',
    line: 'demo {\n  ttl\n}',
    read: line => line.options(options),
    message: "Wrong argument count or unexpected line ending after 'ttl': expected TTL (column 3)",
  },
  {
    name: 'an option with a value too many',
    line: 'demo {\n  force 1\n}',
    read: line => line.options(options),
    message: "Wrong argument count or unexpected line ending after '1': expected no more arguments (column 9)",
  },
  {
    name: 'an option with a block',
    line: 'demo {\n  force {\n    x\n  }\n}',
    read: line => line.options(options),
    message: "unknown property 'x' (column 5)",
  },
  {
    name: 'what a plugin finds wrong itself',
    line: 'demo a',
    read: line => {
      throw line.text('A') && line.problem('no good', ['b'])
    },
    message: "no good (column 6, did you mean 'b'?)",
  },
]

for (const { name, line: text, read, message } of errors) {
  test(`error: ${name}`, () => {
    const pattern = /^plugin\/demo: Corefile:(\d+) - Error during parsing: (.*)$/
    assert.throws(
      () => read(line(text)),
      (error: Error) => {
        assert.equal(error.name, 'Problem')
        assert.equal(pattern.exec(error.message)?.[2], message)
        return true
      },
    )
  })
}

test('error: a second use of what may be used once', () => {
  const message = 'plugin/demo: Corefile:3 - Error during parsing: this plugin can only be used once per Server Block (column 1)'
  assert.throws(() => directive('demo a\ndemo b').once(), { message })
})

test('error: words or a block after a plugin that takes none', () => {
  assert.throws(() => directive('demo\ndemo x').empty(), {
    reason: "Wrong argument count or unexpected line ending after 'x': expected no more arguments",
  })
  assert.throws(() => directive('demo {\nx\n}').empty(), { reason: "unknown property 'x'" })
})
