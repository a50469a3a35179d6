import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { plugins } from '#plugins/index.ts'
import { parseCorefile } from '#src/corefile/tree.ts'
import { configure } from '#src/server/configuration.ts'
import { runServer, startServer } from '#test/support/server.ts'
import { EXAMPLE_API, startExampleCluster } from './example-cluster.ts'
import { type Fence, fencesOf, filesOf, pluginFolders, ROOT, read } from './files.ts'
import { ask, mismatch, onFreePorts, questionOf, stepsOf } from './transcript.ts'

const run = promisify(execFile)
const isThere = (path: string) => existsSync(join(ROOT, path))
const pluginReadmes = pluginFolders()
  .map(name => `plugins/${name}/README.md`)
  .filter(isThere)

for (const path of ['README.md', 'plugins/README.md', ...pluginReadmes].filter(isThere)) {
  const fences = fencesOf(read(path).text)
  for (const { line, text } of fences.filter(({ language }) => language === 'corefile')) {
    test(`${path}:${line}: the Corefile is accepted`, async () => {
      await configure(parseCorefile(text, path), plugins, 1053)
    })
  }
}

for (const path of pluginReadmes) {
  for (const { corefile, consoles } of examplesOf(fencesOf(read(path).text))) {
    test(`${path}:${corefile.line}: the Corefile starts${consoles.length > 0 ? ', and answers as its transcript tells' : ''}`, async () => {
      await using api = await startExampleCluster()
      const text = onFreePorts(corefile.text).replaceAll(EXAMPLE_API, api.url)
      await using server = await startServer(text, { cwd: ROOT })
      for (const step of consoles.flatMap(({ text }) => stepsOf(text))) {
        if (step.command.startsWith('dig ') && step.output.length > 0) assert.equal(await ask(server, step), '', step.command)
      }
    })
  }
}

/** The first Corefile of a README, and every other one that a transcript follows. */
function examplesOf(fences: readonly Fence[]): { corefile: Fence; consoles: Fence[] }[] {
  const examples: { corefile: Fence; consoles: Fence[] }[] = []
  for (const fence of fences) {
    if (fence.language === 'corefile') examples.push({ corefile: fence, consoles: [] })
    else if (fence.language === 'console') examples.at(-1)?.consoles.push(fence)
  }
  return examples.filter(({ consoles }, i) => i === 0 || consoles.length > 0)
}

test('README.md: the walk through Corefile.example is as it tells, edits included', {
  skip: !isThere('Corefile.example'),
}, async () => {
  const files = Object.fromEntries(filesOf('examples', '.yaml').map(({ path, text }) => [path, text]))
  await using server = await startServer(onFreePorts(read('Corefile.example').text), { files })
  const consoles = fencesOf(read('README.md').text).filter(({ language }) => language === 'console')
  for (const step of consoles.flatMap(({ text }) => stepsOf(text))) {
    if (step.command.startsWith('sed -i ')) await run('sh', ['-c', step.command], { cwd: server.folder })
    else if (step.command.startsWith('dig ') && step.output.length > 0) assert.equal(await ask(server, step), '', step.command)
  }
})

test('Corefile.example names what handles queries in the order of the chain', { skip: !isThere('Corefile.example') }, () => {
  const order = Array.from(
    read('plugins/index.ts').text.matchAll(/^ {2}'(\w+)',\s+\/\/ (?!handles no queries)/gm),
    match => match[1],
  )
  for (const { entries } of parseCorefile(read('Corefile.example').text, 'Corefile.example').blocks) {
    const words = entries.map(({ word }) => word.text).filter(word => order.includes(word))
    assert.deepEqual(
      words,
      words.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)),
    )
  }
})

test('-validate accepts a Corefile and refuses a broken one', async () => {
  await using good = await runServer('.:1053 {\n  whoami\n}\n', { args: ['-validate'] })
  await using bad = await runServer('.:1053 {\n  whoam\n}\n', { args: ['-validate'] })
  assert.deepEqual([(await good.exited).code, (await bad.exited).code], [0, 1])
})

test('a transcript that is not true is found', async () => {
  await using server = await startServer('.:0 {\n  local\n}\n')
  const reply = await server.query('localhost.')
  const question = questionOf('dig -p 1053 @127.0.0.1 localhost.')
  const line = 'localhost.   604800  IN A 127.0.0.1'
  assert.equal(mismatch([';; status: NOERROR, flags: qr rd', line], question, reply), '')
  assert.equal(mismatch(['127.0.0.1'], questionOf('dig localhost. +short'), reply), '')
  for (const output of [
    [],
    [line, line.replace('127.0.0.1', '127.0.0.2')],
    [';; status: NXDOMAIN', line],
    [';; flags: qr aa rd; QUERY: 1', line],
  ]) {
    assert.notEqual(mismatch(output, question, reply), '', output.join('\n'))
  }
  assert.throws(() => questionOf('dig -4 localhost.'), /-4 is not understood/)
})

test('ports are taken out of the way of other tests', () => {
  assert.equal(
    onFreePorts(
      '. example.org:1053, dns://example.net {\n    health :8080 {\n        lameduck 1s\n    }\n    ready\n    explain localhost:8053\n    forward . 192.0.2.53:53\n}\n',
    ),
    '.:0 example.org:0, dns://example.net:0 {\n    health 127.0.0.1:0 {\n        lameduck 1s\n    }\n    ready 127.0.0.1:0\n    explain 127.0.0.1:0\n    forward . 192.0.2.53:53\n}\n',
  )
})
