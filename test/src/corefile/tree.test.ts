import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCorefile } from '#src/corefile/tree.ts'
import { parsed } from './outline.ts'

const environment = { ZONES: 'a.org,', ZONE: 'b.org', BLANK: 'x y', WORD: 'cache', BRACE: '}', EMPTY: '' }

const cases: { name: string; text: string; blocks: string[] }[] = [
  { name: 'an empty file', text: '', blocks: [] },
  { name: 'comments alone', text: '# a\n # b\n', blocks: [] },
  { name: 'one block', text: '. {\n  errors\n  cache 30\n}\n', blocks: ['. { errors; cache 30 }'] },
  { name: 'an empty block', text: '. {\n}', blocks: ['. {}'] },
  { name: 'an empty block on one line', text: '. { }', blocks: ['. {}'] },
  { name: 'the first directive on the line of the brace', text: '. { errors\n}', blocks: ['. { errors }'] },
  { name: 'the brace on the next line', text: '.\n\n{\nerrors\n}', blocks: ['. { errors }'] },
  { name: 'several blocks', text: 'a.org {\n}\nb.org {\nlog\n}', blocks: ['a.org {}', 'b.org { log }'] },
  { name: 'several blocks on one line', text: 'a.org { } b.org { }', blocks: ['a.org {}', 'b.org {}'] },
  { name: 'labels alone', text: 'a.org b.org', blocks: ['a.org b.org {}'] },
  {
    name: 'no braces: one block',
    text: '.:53\nerrors\nforward . 192.0.2.1 {\nforce_tcp\n}\nlog\n',
    blocks: ['.:53 { errors; forward . 192.0.2.1 { force_tcp }; log }'],
  },
  {
    name: 'no braces, and a brace that closes all the same',
    text: 'a.org\nlog\n}\nb.org {\n}',
    blocks: ['a.org { log }', 'b.org {}'],
  },
  { name: 'labels with blanks', text: 'a.org\tb.org c.org {\n}', blocks: ['a.org b.org c.org {}'] },
  { name: 'labels with commas', text: 'a.org, b.org,\n\n# c\nc.org d.org {\n}', blocks: ['a.org b.org c.org d.org {}'] },
  { name: 'a comma without a blank is part of a label', text: 'a.org,b.org {\n}', blocks: ['a.org,b.org {}'] },
  { name: 'a comma alone is an empty label', text: 'a.org , b.org {\n}', blocks: ['a.org  b.org {}'] },
  { name: 'an empty quoted label counts for nothing', text: 'a.org "" b.org {\n}', blocks: ['a.org b.org {}'] },
  { name: 'a second line of labels needs a comma', text: 'a.org\nb.org {\n}', blocks: ['a.org { b.org {} }'] },
  { name: 'a directive twice', text: '. {\nlog\ncache\nlog a.org\n}', blocks: ['. { log; cache; log a.org }'] },
  { name: 'blocks within blocks', text: '. {\na b {\nc {\nd e\n}\nf\n}\n}', blocks: ['. { a b { c { d e }; f } }'] },
  { name: 'a block of a directive on one line', text: '. {\ncache { success 10 }\n}', blocks: ['. { cache { success 10 } }'] },
  {
    name: 'the first option on the line of the brace',
    text: '. {\ncache { success 10\ndenial 5\n}\n}',
    blocks: ['. { cache { success 10; denial 5 } }'],
  },
  { name: 'inner braces closed on one line', text: '. {\na {\nb {\nc } }\n}', blocks: ['. { a { b { c } } }'] },
  { name: 'an empty block of a directive', text: '. {\nlog {\n}\n}', blocks: ['. { log {} }'] },
  {
    name: 'words that merely hold braces',
    text: '. {\ntemplate {{.Name}} {a} }b\n}',
    blocks: ['. { template "{{.Name}}" "{a}" "}b" }'],
  },
  { name: 'quoted words', text: '. {\nlog "a b" ""\n}', blocks: ['. { log "a b" "" }'] },
  {
    name: 'a line goes on after a quoted line break',
    text: '. {\nlog "a\nb" c\nerrors\n}',
    blocks: ['. { log "a\\nb" c; errors }'],
  },
  {
    name: 'a brace after a quoted line break',
    text: '. {\nlog "a\nb" {\nclass all\n}\n}',
    blocks: ['. { log "a\\nb" { class all } }'],
  },
  { name: 'comments', text: '. { # a\n# b }\nlog # c {\nerrors#d\n} # e', blocks: ['. { log; errors }'] },
  {
    name: 'Windows line ends',
    text: '\ufeff. {\r\n  errors\r\n  cache 30 {\r\n  }\r\n}\r\n',
    blocks: ['. { errors; cache 30 {} }'],
  },
  {
    name: 'names that objects have',
    text: '__proto__ {\nconstructor {\ntoString\n}\n}',
    blocks: ['__proto__ { constructor { toString } }'],
  },
  { name: 'variables in labels', text: 'c.{$ZONE}:{%PORT%}53 {\n}', blocks: ['c.b.org:53 {}'] },
  { name: 'a variable that ends in a comma', text: '{$ZONES}\n{$ZONE} {\n}', blocks: ['a.org b.org {}'] },
  {
    name: 'variables in directives and arguments',
    text: '. {\n{$WORD} {%WORD%}x {$NO} {\n{$WORD} {$ZONE}\n}\n}',
    blocks: ['. { cache cachex "" { cache b.org } }'],
  },
  { name: 'a variable stays one word', text: '. {\nlog {$BLANK}\n}', blocks: ['. { log "x y" }'] },
  { name: 'a variable is no brace', text: '. {\nlog {$BRACE}\n}', blocks: ['. { log "}" }'] },
]

for (const { name, text, blocks } of cases) test(name, () => assert.deepEqual(parsed(text, environment), blocks))

test('every word keeps its place', () => {
  const { blocks, file } = parseCorefile('\n a.org,\n\tb.org {\n  cache 30 {\n    success 10\n  }\n}', 'dir/Corefile', {})
  const place = (text: string, line: number, column: number) => ({ text, file: 'dir/Corefile', line, column })
  assert.equal(file, 'dir/Corefile')
  assert.deepEqual(blocks, [
    {
      labels: [place('a.org', 2, 2), place('b.org', 3, 2)],
      entries: [
        {
          word: place('cache', 4, 3),
          args: [place('30', 4, 9)],
          block: [{ word: place('success', 5, 5), args: [place('10', 5, 13)], block: undefined }],
        },
      ],
    },
  ])
})

test('a block without labels is left out with a warning', () => {
  for (const text of ['\n{\nlog\n}\na.org {\n}', '\n{$NO} {\nlog\n}\na.org {\n}', '\n""\n{\nlog\n}\na.org {\n}']) {
    const { blocks, warnings } = parseCorefile(text, 'Corefile', {})
    assert.deepEqual(
      blocks.map(({ labels }) => labels.map(label => label.text)),
      [['a.org']],
    )
    assert.deepEqual(warnings, ['Corefile:2 - a server block without a zone is left out'])
  }
})

const hash = (text: string, environment = {}) => parseCorefile(text, 'Corefile', environment).hash

test('the hash is that of the words and their lines', () => {
  const text = '. {\n  log {$NAME}\n}\n'
  assert.match(hash(text), /^[0-9a-f]{128}$/)
  assert.equal(hash(text), hash(text))
  assert.equal(hash(text), hash('.   {\n\tlog  "" # comment\n}\n\n# end'), 'what counts for nothing')
  assert.notEqual(hash(text), hash('# comment\n. {\n  log ""\n}\n'), 'another line')
  assert.notEqual(hash(text), hash('. {\n  log a\n}\n'), 'another word')
  assert.notEqual(hash(text), hash(text, { NAME: 'a' }), 'another value')
  assert.notEqual(hash('. {\na {\nb\n}\nc\n}'), hash('. {\na {\nb\nc\n}\n\n}'), 'another block')
})
