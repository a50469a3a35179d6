import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Line } from '#src/plugin.ts'
import { directiveOf, refuses as refusesLines } from '#test/support/directive.ts'

const read = <T>(words: string, reader: (line: Line) => T): T => reader(directiveOf(`demo ${words}`).once())
const refuses = (words: string, reader: (line: Line) => unknown, message: RegExp) =>
  refusesLines({ parse: directive => reader(directive.once()) }, `demo ${words}`, message)

suite('name', () => {
  test('is a key', () =>
    assert.equal(
      read('WWW.Example.org', line => line.name('NAME')),
      '\x03www\x07example\x03org\0',
    ))
  for (const text of ['a..b', '\\256.org', `${'a'.repeat(64)}.org`, 'a\\']) {
    test(`is not ${text}`, () => refuses(text, line => line.name('NAME'), /NAME must be a domain name: .* \(column 6\)/))
  }
})

suite('code', () => {
  const table = new Map([['NXDOMAIN', 3]])
  test('is the number of a name, in any case', () =>
    assert.equal(
      read('nxDomain', line => line.code('rcode', table)),
      3,
    ))
  test('is not a word like it', () =>
    refuses('NXDOMAN', line => line.code('rcode', table), /no rcode: 'NXDOMAN' \(column 6, did you mean 'NXDOMAIN'/))
})

suite('address', () => {
  for (const text of [':8080', '127.0.0.1:0', '[::1]:65535', 'localhost:9153', 'a-b.example.org:1', '[fe80::1%eth0]:53']) {
    test(`is ${text}`, () =>
      assert.equal(
        read(text, line => line.address('ADDRESS')),
        text,
      ))
  }
  for (const text of ['8080', 'localhost', '127.0.0.1:', ':65536', ':-1', ':http', '::1:80', '[::1]', '[::1:80', 'a:b:1', '""']) {
    test(`is not ${text}`, () =>
      refuses(text, line => line.address('ADDRESS'), /ADDRESS must be HOST:PORT or :PORT: .* \(column 6\)/))
  }
})

suite('pattern', () => {
  const matches = (pattern: string, text: string) => read(pattern, line => line.pattern('REGEXP')).test(text)
  test('matches anywhere', () => assert.equal(matches('b+', 'abbc'), true))
  test('has the syntax of Go', () => {
    assert.equal(matches('"^(?i)(?P<word>x)[[:digit:]]\\z"', 'X1'), true)
    assert.equal(matches('"^(?i)(?P<word>x)[[:digit:]]\\z"', 'X1\n'), false)
  })
  test('matches in linear time', () => assert.equal(matches('^(a+)+$', `${'a'.repeat(50_000)}b`), false))
  test('may have 10,000 characters', () => assert.equal(matches('a'.repeat(10_000), 'a'), false))
  for (const text of ['a(', '(?=a)', '(a)\\1', '[z-a]', '*a']) {
    test(`is not ${text}`, () => refuses(text, line => line.pattern('REGEXP'), /REGEXP is no regular expression: /))
  }
  test('is not longer', () => refuses('a'.repeat(10_001), line => line.pattern('REGEXP'), /REGEXP is too long: 10001/))
})
