import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plugins } from '#plugins/index.ts'
import type { Plugin } from '#src/plugin.ts'
import { type File, filesOf, pluginFolders, read } from './files.ts'

const MAX_LINES = 300
const MAX_MEDIAN = 100

const sources = () => [...filesOf('src', '.ts'), ...filesOf('plugins', '.ts')]
const lineCount = ({ text }: File) => text.split('\n').length - 1
const tooLong = (files: readonly File[]) =>
  files.filter(file => lineCount(file) > MAX_LINES).map(file => `${file.path}: ${lineCount(file)} lines`)
const median = (files: readonly File[]) => files.map(lineCount).sort((a, b) => a - b)[files.length >> 1] ?? 0
const differences = (folders: readonly string[], words: readonly string[]) => ({
  withoutEntry: folders.filter(folder => !words.includes(folder)),
  withoutFolder: words.filter(word => !folders.includes(word)),
  twice: words.filter((word, i) => words.indexOf(word) < i),
})
const consoles = (files: readonly File[]) => files.filter(({ text }) => /\bconsole\.\w+\(/.test(text)).map(({ path }) => path)
const foreignLogs = (files: readonly File[]) =>
  files.flatMap(({ path, text }) =>
    Array.from(text.matchAll(/\.log\('(\w+)'\)/g), match => match[1]!)
      .filter(name => name !== path.split('/')[1])
      .map(name => `${path} logs as ${name}`),
  )

test('every plugin folder has one entry in plugins/index.ts, and every entry a folder of its name', () => {
  const clean = { withoutEntry: [], withoutFolder: [], twice: [] }
  assert.deepEqual(
    differences(
      pluginFolders(),
      plugins.map(plugin => plugin.name),
    ),
    clean,
  )
  assert.deepEqual(differences(['a', 'b'], ['b', 'b', 'c']), { withoutEntry: ['a'], withoutFolder: ['c'], twice: ['b'] })
})

test('what a plugin folder exports is the plugin under its own name', async () => {
  for (const folder of pluginFolders()) {
    const exported: Record<string, unknown> = await import(`#plugins/${folder}/index.ts`)
    const { name } = exported[folder] as Plugin
    assert.equal(name, folder)
    assert.equal(await plugins.find(plugin => plugin.name === name)?.load(), exported[folder])
  }
})

test(`no source file is longer than ${MAX_LINES} lines, and half of them are at most ${MAX_MEDIAN}`, () => {
  assert.deepEqual(tooLong(sources()), [])
  assert.ok(median(sources()) <= MAX_MEDIAN, `the median is ${median(sources())}`)
  assert.deepEqual(
    tooLong([
      { path: 'a', text: '\n'.repeat(301) },
      { path: 'b', text: '\n'.repeat(300) },
    ]),
    ['a: 301 lines'],
  )
  assert.equal(median([1, 300, 200].map(n => ({ path: '', text: '\n'.repeat(n) }))), 200)
})

test('nothing is printed past the log', () => {
  assert.deepEqual(consoles(sources()), [])
  assert.deepEqual(consoles([{ path: 'a', text: 'console.log(1)' }]), ['a'])
})

test('a plugin logs under its own name', () => {
  assert.deepEqual(foreignLogs(filesOf('plugins', '.ts')), [])
  assert.deepEqual(foreignLogs([{ path: 'plugins/a/index.ts', text: "block.log('b')" }]), ['plugins/a/index.ts logs as b'])
})

test('plugins/README.md tells the chain in its order, with the reasons of plugins/index.ts', () => {
  const order = Array.from(
    read('plugins/index.ts').text.matchAll(/^ {2}'(\w+)',\s+\/\/ (.*)$/gm),
    match => `| *${match[1]}* | ${match[2]} |`,
  )
  assert.equal(order.length, plugins.length, 'every line of plugins/index.ts gives a reason')
  const told = read('plugins/README.md').text.matchAll(/^\| [*_](\w+)[*_] +\| (.*?) +\|$/gm)
  assert.deepEqual(
    Array.from(told, match => `| *${match[1]}* | ${match[2]} |`),
    order,
  )
})
