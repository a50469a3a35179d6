import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type File, filesOf, pluginFolders, read } from './files.ts'

const SECTIONS = ['Name', 'Description', 'Syntax', 'Answers', 'Examples', 'Metrics', 'Ready', 'Errors', 'See Also']
const REQUIRED = ['Name', 'Description', 'Syntax', 'Examples']

/** What is wrong with the form of a plugin's README. */
function faults({ path, text }: File): string[] {
  const name = path.split('/')[1]!
  const sections = Array.from(text.matchAll(/^## (.*)$/gm), match => match[1]!)
  return [
    ...(text.startsWith(`# ${name}\n`) ? [] : ['the title is not the name']),
    ...(new RegExp(`^## Name\n\n[*_]${name}[*_] - \\S.*[^\n]\n\n## `, 'm').test(text)
      ? []
      : ['Name is not one line *name* - what it does']),
    ...REQUIRED.filter(section => !sections.includes(section)).map(section => `${section} is missing`),
    ...sections.filter(section => !SECTIONS.includes(section)).map(section => `${section} is not known`),
    ...sections
      .filter((section, i) => i > 0 && SECTIONS.indexOf(section) <= SECTIONS.indexOf(sections[i - 1]!))
      .map(section => `${section} is out of order`),
    ...Array.from(text.matchAll(/^## (.*)\n+(?=## |$(?![\s\S]))/gm), match => `${match[1]} is empty`),
    ...(/^\s*ready\(/m.test(codeOf(name)) === sections.includes('Ready')
      ? []
      : ['Ready is there exactly when the plugin implements ready']),
  ]
}

const codeOf = (name: string) =>
  pluginFolders().includes(name)
    ? filesOf(`plugins/${name}`, '.ts')
        .map(({ text }) => text)
        .join('\n')
    : ''

for (const name of pluginFolders()) {
  test(`the README of ${name} has its sections in order`, () => {
    assert.deepEqual(faults(read(`plugins/${name}/README.md`)), [])
  })
}

test('a README in another form is found', () => {
  const sound = '# none\n\n## Name\n\n*none* - does nothing.\n\n## Description\n\nx\n\n## Syntax\n\nx\n\n## Examples\n\nx\n'
  const broken: readonly (readonly [text: string, fault: string])[] = [
    [sound.replace('# none', '# other'), 'the title is not the name'],
    [sound.replace('*none* - ', 'none: '), 'Name is not one line *name* - what it does'],
    [sound.replace('## Syntax\n\nx\n\n', ''), 'Syntax is missing'],
    [`${sound}\n## Bugs\n\nx\n`, 'Bugs is not known'],
    [`${sound}\n## Answers\n\nx\n`, 'Answers is out of order'],
    [`${sound}\n## Metrics\n`, 'Metrics is empty'],
    [`${sound}\n## Ready\n\nx\n`, 'Ready is there exactly when the plugin implements ready'],
  ]
  assert.deepEqual(faults({ path: 'plugins/none/README.md', text: sound }), [])
  for (const [text, fault] of broken) assert.ok(faults({ path: 'plugins/none/README.md', text }).includes(fault), fault)
})

/** Metric names of a text that stand between any kind of quotes. */
const metricsIn = (text: string) => new Set(Array.from(text.matchAll(/[`'"](coredns_\w+)[`'"]/g), match => match[1]!))

/** Metrics of the server itself are told where they are exported. */
const HOME_OF_CORE_METRICS = 'prometheus'

const coreMetrics = metricsIn(
  filesOf('src', '.ts')
    .map(({ text }) => text)
    .join('\n'),
)

for (const name of pluginFolders()) {
  test(`the README of ${name} tells the metrics that the code has, and no others`, () => {
    const code = metricsIn(codeOf(name))
    const section = /^## Metrics\n([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(read(`plugins/${name}/README.md`).text)?.[1] ?? ''
    assert.deepEqual([...metricsIn(section)].sort(), [...(name === HOME_OF_CORE_METRICS ? code.union(coreMetrics) : code)].sort())
  })
}

test('names of metrics are found between quotes of any kind', () => {
  assert.deepEqual(metricsIn("`coredns_a_total` 'coredns_b' coredns_c"), new Set(['coredns_a_total', 'coredns_b']))
})

test('metric names are written out, so that they can be searched for', () => {
  const built = (files: readonly File[]) => files.filter(({ text }) => /coredns_\w*\$\{/.test(text)).map(({ path }) => path)
  assert.deepEqual(built([...filesOf('src', '.ts'), ...filesOf('plugins', '.ts')]), [])
  assert.deepEqual(built([{ path: 'a', text: ['coredns_', '{name}_total'].join('$') }]), ['a'])
})
