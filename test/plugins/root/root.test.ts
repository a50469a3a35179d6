import assert from 'node:assert/strict'
import { chmod, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '#plugins/root/index.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'
import { startServer } from '#test/support/server.ts'

const hosts = (path: string) => `.:0 {\n root ${path}\n hosts names.txt\n}\n`

test('files are looked for in the folder that is named', async () => {
  await using server = await startServer(hosts('etc'), { files: { 'etc/names.txt': '192.0.2.1 example.org\n' } })
  assert.deepEqual((await server.query('example.org')).answer, ['example.org. 3600 IN A 192.0.2.1'])
})

test('the folder may be missing, which is told', async () => {
  await using server = await startServer(hosts('etc'))
  await server.waitForLine(/^\[WARNING\] plugin\/root: Root path does not exist: etc$/)
})

test('of several the last one counts', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'root-'))
  assert.deepEqual(root.parse(directiveOf(`root /does/not/exist\nroot ${folder.path}`)), folder.path)
})

const refused: readonly (readonly [lines: string, message: RegExp])[] = [
  ['root', /expected PATH/],
  ['root /tmp /var', /expected no more arguments/],
  ['root /dev/null', /unable to access root path '\/dev\/null': not a directory \(column 6\)/],
  [`root /${'a'.repeat(300)}`, /unable to access root path .*ENAMETOOLONG/],
  ['root /tmp {\n x\n}', /unknown property 'x'/],
]

for (const [lines, message] of refused) {
  test(`a mistake is named: ${lines.slice(0, 40).replaceAll('\n', '')}`, () => {
    refuses(root, lines, message)
  })
}

test('a folder that cannot be read is a mistake', { skip: process.getuid?.() === 0 && 'root may read everything' }, async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'root-'))
  await chmod(folder.path, 0)
  refuses(root, `root ${folder.path}`, /EACCES/)
})

test('a path through a file does not exist', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'root-'))
  await writeFile(join(folder.path, 'file'), '')
  const directive = directiveOf(`root ${folder.path}/file/folder`)
  root.parse(directive)
  assert.deepEqual(directive.warnings, [`plugin/root: Root path does not exist: ${folder.path}/file/folder`])
})
