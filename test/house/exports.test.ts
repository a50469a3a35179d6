/** What is exported is used elsewhere: everything else belongs to its file. */
import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { test } from 'node:test'
import { filesOf } from './files.ts'

const files = ['src', 'plugins', 'bench', 'test'].flatMap(folder => filesOf(folder, '.ts'))

const EXPORT = /^export (?:abstract |async )?(?:const|class|function\*?|interface|type|let) (\w+)/gm
const IMPORT = /^(?:import|export) (?:type )?\{([^}]*)\} from '([^']+)'/gm
const LOADED = /\{([^{}=]*)\} = await import\('([^']+)'\)|await import\('([^']+)'\)\)\.(\w+)/g
/** A name for all that a file exports. */
const WHOLE = /(?:^import (?:type )?\* as|const) (\w+) (?:from|=.*await import)[ (]'([^']+)'/gm

/** Where an import of a file leads, from the checkout's root; undefined for a package. */
function targetOf(path: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return specifier.slice(1)
  return specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined
}

/** The names in `a, type b as c`, as the other file calls them. */
const namesIn = (list: string): string[] =>
  list.split(',').map(part =>
    part
      .trim()
      .replace(/^type /, '')
      .replace(/(?: as|:) .*/, ''),
  )

test('every export is imported by another file', () => {
  const used = new Set<string>()
  const use = (path: string, specifier: string, names: readonly string[]) => {
    const target = targetOf(path, specifier)
    if (target) for (const name of names) used.add(`${target} ${name}`)
  }
  for (const { path, text } of files) {
    for (const [, names, specifier] of text.matchAll(IMPORT)) use(path, specifier!, namesIn(names!))
    for (const [, names, specifier, alone, name] of text.matchAll(LOADED))
      use(path, specifier ?? alone!, names === undefined ? [name!] : namesIn(names))
    for (const [, name, specifier] of text.matchAll(WHOLE))
      use(
        path,
        specifier!,
        Array.from(text.matchAll(new RegExp(`\\b${name}[!?]?\\.(\\w+)`, 'g')), ([, member]) => member!),
      )
  }
  // What `plugins/index.ts` loads by name.
  const isPlugin = (path: string, name: string) => path === `plugins/${name}/index.ts`
  const unused = files
    .filter(({ path }) => !path.startsWith('test/'))
    .flatMap(({ path, text }) => Array.from(text.matchAll(EXPORT), ([, name]) => ({ path, name: name! })))
    .filter(({ path, name }) => !used.has(`${path} ${name}`) && !isPlugin(path, name))
    .map(({ path, name }) => `${path}: ${name}`)
  assert.deepEqual(unused, [])
})
