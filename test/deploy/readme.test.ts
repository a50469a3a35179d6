import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plugins } from '#plugins/index.ts'
import { parseCorefile } from '#src/corefile/tree.ts'
import { configure } from '#src/server/configuration.ts'
import { fencesOf, filesOf, read } from '#test/house/files.ts'
import { objectsOf } from './manifests.ts'

const { text } = read('deploy/README.md')
const fences = fencesOf(text)

for (const fence of fences.filter(({ language }) => language === 'corefile')) {
  test(`deploy/README.md:${fence.line}: the Corefile is accepted`, async () => {
    await configure(parseCorefile(fence.text, 'deploy/README.md'), plugins, 53)
  })
}

for (const fence of fences.filter(({ language }) => language === 'yaml')) {
  test(`deploy/README.md:${fence.line}: the YAML is well formed`, () => {
    assert.equal(objectsOf(fence.text).length, 1)
  })
}

test('deploy/README.md speaks of every manifest, and of no other', () => {
  const told = Array.from(text.matchAll(/`([\w-]+\.yaml)`/g), match => match[1]!)
  const there = filesOf('deploy', '.yaml').map(({ path }) => path.replace('deploy/', ''))
  assert.deepEqual(new Set(told), new Set(there.filter(path => !path.includes('/') && path !== 'kustomization.yaml')))
})

test('links inside deploy/README.md lead somewhere', () => {
  const outside = text.replace(/^```[\s\S]*?^```$/gm, '')
  const titles = Array.from(outside.matchAll(/^#+ (.*)$/gm), match => match[1]!)
  const slugs = titles.map(title =>
    title
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
  for (const [, slug] of outside.matchAll(/\]\(#(.*?)\)/g)) assert.ok(slugs.includes(slug!), slug!)
})
