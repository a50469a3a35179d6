import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { getSystemErrorMessage } from 'node:util'
import { type Corefile, parseCorefile } from '#src/corefile/tree.ts'
import { outline, parsed } from './outline.ts'

const folder = mkdtempSync(join(tmpdir(), 'corefile-'))
after(() => rmSync(folder, { recursive: true }))

const write = (files: Record<string, string>): void => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

write({
  'log.conf': '\ufefflog\nerrors # end',
  'zones.conf': 'b.org,\nc.org',
  'server.conf': 'd.org {\n  whoami\n}\n',
  'option.conf': 'success 10\ndenial 5',
  'open.conf': 'forward . 192.0.2.1 {\n  force_tcp',
  'empty.conf': '# nothing\n',
  'sub/outer.conf': 'import inner.conf\nready',
  'sub/inner.conf': 'health',
  'snippet.conf': '(shared) {\n  loop\n}\n',
  'uses.conf': 'import shared',
  'custom/b.override': 'b',
  'custom/a.override': 'a',
  'custom/c.server': 'c.org {\n}',
  'custom/.hidden.override': 'hidden',
  'custom/..data/a.override': 'data',
  'self.conf': 'log\nimport self.conf',
  'ping.conf': 'import pong.conf',
  'pong.conf': 'import p?ng.conf',
  'bad.conf': 'log {\n  class all\n',
  'mistake.conf': 'a\nb }',
  'deep/x/one.conf': 'one',
  'deep/y/one.conf': 'two',
})
symlinkSync('log.conf', join(folder, 'link.conf'))
symlinkSync('missing.conf', join(folder, 'dangling.conf'))

const load = (text: string, environment: NodeJS.ProcessEnv = {}): Corefile =>
  parseCorefile(text, join(folder, 'Corefile'), environment)

const files: { name: string; text: string; blocks: string[] }[] = [
  { name: 'a file', text: '. {\nimport log.conf\ncache\n}', blocks: ['. { log; errors; cache }'] },
  { name: 'a file twice', text: '. {\nimport log.conf\nimport log.conf\n}', blocks: ['. { log; errors; log; errors }'] },
  { name: 'a file by its absolute path', text: `. {\nimport ${folder}/log.conf\n}`, blocks: ['. { log; errors }'] },
  { name: 'a file through a link', text: '. {\nimport link.conf\n}', blocks: ['. { log; errors }'] },
  { name: 'a file without words', text: '. {\nimport empty.conf\n}', blocks: ['. {}'] },
  { name: 'on the line of the brace', text: '. { import log.conf\n}', blocks: ['. { log; errors }'] },
  { name: 'where no braces are', text: '.\nimport log.conf\n', blocks: ['. { log; errors }'] },
  { name: 'labels', text: 'a.org,\nimport zones.conf\n{\nlog\n}', blocks: ['a.org b.org c.org { log }'] },
  {
    name: 'whole blocks',
    text: 'import server.conf\na.org {\n}\nimport server.conf',
    blocks: ['d.org { whoami }', 'a.org {}', 'd.org { whoami }'],
  },
  {
    name: 'options',
    text: '. {\ncache {\nimport option.conf\nprefetch 2\n}\n}',
    blocks: ['. { cache { success 10; denial 5; prefetch 2 } }'],
  },
  {
    name: 'the beginning of a block',
    text: '. {\nimport open.conf\nprefer_udp\n}\nlog\n}',
    blocks: ['. { forward . 192.0.2.1 { force_tcp; prefer_udp }; log }'],
  },
  { name: 'a path counts from the file that names it', text: '. {\nimport sub/outer.conf\n}', blocks: ['. { health; ready }'] },
  {
    name: 'a snippet that a file defines',
    text: 'import snippet.conf\n. {\nimport shared\nimport uses.conf\n}',
    blocks: ['. { loop; loop }'],
  },
  { name: 'a path with a variable', text: '. {\nimport {$DIR}/outer.conf\n}', blocks: ['. { health; ready }'] },
  {
    name: 'a pattern, in order of names, without hidden files',
    text: '. {\nimport custom/*.override\n}',
    blocks: ['. { a; b }'],
  },
  { name: 'a pattern with one unknown character', text: '. {\nimport custom/?.override\n}', blocks: ['. { a; b }'] },
  { name: 'a pattern in a folder', text: '. {\nimport deep/*/one.conf\n}', blocks: ['. { one; two }'] },
  { name: 'a pattern of blocks', text: 'import custom/*.server', blocks: ['c.org {}'] },
  { name: 'import as an argument is a word', text: '. {\nlog import log.conf\n}', blocks: ['. { log import log.conf }'] },
  { name: 'import as a label is a word', text: 'a.org import b.org {\n}', blocks: ['a.org import b.org {}'] },
]

for (const { name, text, blocks } of files)
  test(`import: ${name}`, () => assert.deepEqual(outline(load(text, { DIR: 'sub' })), blocks))

const snippets: { name: string; text: string; blocks: string[] }[] = [
  { name: 'is no server', text: '(a) {\nlog\n}', blocks: [] },
  { name: 'in a block', text: '(a) {\nlog\nerrors\n}\n. {\nimport a\ncache\n}', blocks: ['. { log; errors; cache }'] },
  {
    name: 'in several blocks',
    text: '(a) {\nlog\n}\na.org {\nimport a\n}\nb.org {\nimport a\n}',
    blocks: ['a.org { log }', 'b.org { log }'],
  },
  { name: 'twice in one block', text: '(a) {\nlog\n}\n. {\nimport a\nimport a\n}', blocks: ['. { log; log }'] },
  { name: 'defined on one line', text: '(a) { log }\n. {\nimport a\nimport a\n}', blocks: ['. { log; log }'] },
  { name: 'with a block', text: '(a) {\ncache {\nsuccess 1\n}\n}\n. {\nimport a\n}', blocks: ['. { cache { success 1 } }'] },
  {
    name: 'as options',
    text: '(a) { success 1\ndenial 2\n}\n. {\ncache {\nprefetch 3\nimport a\n}\n}',
    blocks: ['. { cache { prefetch 3; success 1; denial 2 } }'],
  },
  {
    name: 'as options on the line of the brace',
    text: '(a) { success 1 }\n. {\ncache { import a\n}\n}',
    blocks: ['. { cache { success 1 } }'],
  },
  { name: 'as labels', text: '(a) {\nb.org\n}\na.org,\nimport a\n{\n}', blocks: ['a.org b.org {}'] },
  { name: 'as whole blocks', text: '(a) {\na.org {\nlog\n}\n}\nimport a', blocks: ['a.org { log }'] },
  { name: 'within another', text: '(a) {\nlog\n}\n(b) {\nimport a\nerrors\n}\n. {\nimport b\n}', blocks: ['. { log; errors }'] },
  {
    name: 'of whole blocks within another',
    text: '(a) {\na.org {\nlog\n}\n}\n(b) {\nimport a\n}\nimport b',
    blocks: ['a.org { log }'],
  },
  {
    name: 'of whole blocks within another on one line',
    text: '(a) {\na.org {\nlog\n}\n}\n(b) { import a }\nimport b',
    blocks: ['a.org { log }'],
  },
  { name: 'without words', text: '(a) {\n}\n. {\nimport a\nlog\n}', blocks: ['. { log }'] },
  { name: 'named by a variable', text: '(a) {\nlog\n}\n. {\nimport {$NAME}\n}', blocks: ['. { log }'] },
  { name: 'comes before a file of its name', text: '(Corefile) {\nlog\n}\n. {\nimport Corefile\n}', blocks: ['. { log }'] },
  { name: 'names that objects have', text: '(__proto__) {\nlog\n}\n. {\nimport __proto__\n}', blocks: ['. { log }'] },
  { name: 'is one only by its single label', text: '(a) b.org {\n}', blocks: ['(a) b.org {}'] },
]

for (const { name, text, blocks } of snippets)
  test(`snippet: ${name}`, () => assert.deepEqual(parsed(text, { NAME: 'a' }), blocks))

test('imported words carry the absolute path, those of a snippet the place of its definition', () => {
  const [block] = parseCorefile(
    '(a) {\n  log\n}\n. {\n import a\n import log.conf\n}',
    join(folder, 'sub', '..', 'Corefile'),
    {},
  ).blocks
  assert.deepEqual(
    block!.entries.map(({ word }) => [word.text, word.file, word.line, word.column]),
    [
      ['log', join(folder, 'sub', '..', 'Corefile').replace('/sub/..', ''), 2, 3],
      ['log', `${folder}/log.conf`, 1, 1],
      ['errors', `${folder}/log.conf`, 2, 1],
    ],
  )
})

test('a pattern that matches nothing is a warning', () => {
  const { blocks, warnings } = load('import custom/*.none\n. {\nimport none/?\n}')
  assert.equal(blocks.length, 1)
  assert.deepEqual(warnings, [
    'No files matching import glob pattern: custom/*.none',
    'No files matching import glob pattern: none/?',
  ])
})

test('the hash covers what is imported', () => {
  const text = '. {\nimport changing.conf\n}'
  write({ 'changing.conf': 'log' })
  const before = load(text).hash
  assert.equal(load(text).hash, before)
  write({ 'changing.conf': 'log # more' })
  assert.equal(load(text).hash, before)
  write({ 'changing.conf': 'errors' })
  assert.notEqual(load(text).hash, before)
})

const errors: { name: string; text: string; message: string }[] = [
  {
    name: 'nothing',
    text: '. {\n  import\n}',
    message: "DIR/Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after 'import' (column 3)",
  },
  {
    name: 'an empty word',
    text: '. {\n  import ""\n}',
    message: 'DIR/Corefile:2 - Error during parsing: Import requires a non-empty filepath (column 10)',
  },
  {
    name: 'two words',
    text: '. {\n  import a b\n}',
    message: 'DIR/Corefile:2 - Error during parsing: Import takes only one argument (glob pattern or file) (column 12)',
  },
  {
    name: 'no such file',
    text: '. {\n  import none.conf\n}',
    message: 'DIR/Corefile:2 - Error during parsing: File to import not found: none.conf (column 10)',
  },
  {
    name: 'a path through a file',
    text: '. {\n  import log.conf/a\n}',
    message: 'DIR/Corefile:2 - Error during parsing: File to import not found: log.conf/a (column 10)',
  },
  {
    name: 'a folder',
    text: '. {\n  import sub\n}',
    message: 'DIR/Corefile:2 - Error during parsing: Could not import DIR/sub: is a directory (column 10)',
  },
  {
    name: 'a folder by a pattern',
    text: '. {\n  import dee*\n}',
    message: 'DIR/Corefile:2 - Error during parsing: Could not import DIR/deep: is a directory (column 10)',
  },
  {
    name: 'a dangling link by a pattern',
    text: '. {\n  import dang*\n}',
    message: 'DIR/Corefile:2 - Error during parsing: Could not import DIR/dangling.conf: no such file or directory (column 10)',
  },
  {
    name: 'two wildcards',
    text: '. {\n  import */*.conf\n}',
    message:
      'DIR/Corefile:2 - Error during parsing: Glob pattern may only contain one wildcard (*), but has others: DIR/*/*.conf (column 10)',
  },
  {
    name: 'two wildcards of one character',
    text: '. {\n  import l?g.con?\n}',
    message:
      'DIR/Corefile:2 - Error during parsing: Glob pattern may only contain one wildcard (*), but has others: DIR/l?g.con? (column 10)',
  },
  {
    name: 'a character class',
    text: '. {\n  import [a-c].conf\n}',
    message:
      'DIR/Corefile:2 - Error during parsing: Glob pattern may only contain one wildcard (*), but has others: DIR/[a-c].conf (column 10)',
  },
  {
    name: 'itself',
    text: '. {\n  import self.conf\n}',
    message:
      'DIR/self.conf:2 - Error during parsing: maximum file import depth (100000) exceeded: DIR/self.conf imports itself (column 8)',
  },
  {
    name: 'itself through another',
    text: '. {\n  import ping.conf\n}',
    message:
      'DIR/pong.conf:1 - Error during parsing: maximum file import depth (100000) exceeded: DIR/ping.conf imports itself (column 8)',
  },
  {
    name: 'a mistake',
    text: '. {\n  import mistake.conf\n}',
    message: "DIR/mistake.conf:2 - Error during parsing: Unexpected '}' because no matching opening brace (column 3)",
  },
  {
    name: 'a brace that stays open',
    text: '. {\n  import bad.conf\n}\n',
    message: "DIR/Corefile:1 - Syntax error: Unexpected EOF, expecting '}' (column 3)",
  },
  {
    name: 'a snippet that imports itself',
    text: '(a) {\n  import a\n}\n. {\n  import a\n}',
    message: 'DIR/Corefile:2 - Error during parsing: maximum snippet import depth (10000) exceeded: a imports itself (column 10)',
  },
  {
    name: 'snippets that import each other',
    text: '(a) {\nimport b\n}\n(b) {\nimport a\n}\n. {\nimport a\n}',
    message: 'DIR/Corefile:5 - Error during parsing: maximum snippet import depth (10000) exceeded: a imports itself (column 8)',
  },
]

for (const { name, text, message } of errors) {
  test(`import of ${name} is an error`, () =>
    assert.throws(() => load(text), { name: 'Problem', message: message.replaceAll('DIR', folder) }))
}

test('import of a file that cannot be opened is an error', () => {
  symlinkSync('circle.conf', join(folder, 'circle.conf'))
  const reason = `Could not import ${folder}/circle.conf: ${getSystemErrorMessage(-constants.errno.ELOOP)}`
  assert.throws(() => load('. {\nimport circ*.conf\n}'), { reason })
})

test('snippets that multiply are stopped', () => {
  const doubling = Array.from({ length: 30 }, (_, i) => `(s${i + 1}) {\nimport s${i}\nimport s${i}\n}\n`).join('')
  const text = `(s0) {\n}\n${doubling}. {\nimport s30\n}`
  assert.throws(() => load(text), { reason: 'maximum snippet import depth (10000) exceeded' })
})

test('files that multiply are stopped', () => {
  write({ 'm0.conf': '' })
  for (let i = 1; i <= 30; i++) write({ [`m${i}.conf`]: `import m${i - 1}.conf\nimport m${i - 1}.conf` })
  assert.throws(() => load('. {\nimport m30.conf\n}'), { reason: 'maximum file import depth (100000) exceeded' })
})
