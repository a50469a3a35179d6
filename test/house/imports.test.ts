import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { test } from 'node:test'
import { plugins } from '#plugins/index.ts'
import { type File, filesOf } from './files.ts'

/** What each part may import of the others, by the beginning of paths; the longest beginning that fits a file decides. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'src/main.ts': ['src/', 'plugins/index.ts', 'package.json'],
  'src/log.ts': ['src/standard-output.ts'],
  'src/plugin.ts': [
    'src/corefile/',
    'src/dns/',
    'src/log.ts',
    'src/metrics.ts',
    'src/snapshot.ts',
    'src/credentials.ts',
    'src/transport/transport.ts',
    'src/feeds/cluster-index/',
  ],
  'src/thread.ts': ['src/', 'plugins/index.ts'],
  'src/warm.ts': ['plugins/index.ts'],
  'src/server.ts': ['src/dns/', 'src/server/', 'src/plugin.ts', 'src/transport/transport.ts'],
  'src/server/': [
    'src/server.ts',
    'src/server/',
    'src/transport/',
    'src/dns/',
    'src/corefile/',
    'src/plugin.ts',
    'src/metrics.ts',
    'src/request-metrics.ts',
    'src/snapshot.ts',
    'src/log.ts',
    'src/credentials.ts',
  ],
  'src/transport/': ['src/transport/', 'src/dns/', 'src/grpc/', 'src/ffi.ts', 'src/clock.ts'],
  'src/forwarding/': ['src/forwarding/', 'src/dns/', 'src/corefile/', 'src/credentials.ts'],
  'src/grpc/': ['src/grpc/', 'src/backoff.ts', 'src/protobuf-reader.ts', 'src/protobuf-writer.ts'],
  'src/dns/': ['src/dns/'],
  'src/translation/': ['src/dns/', 'src/corefile/'],
  'src/dnssec/': ['src/dnssec/', 'src/dns/'],
  'src/go/': ['src/go/'],
  'src/expression/': ['src/expression/', 'src/go/', 'src/dns/', 'src/corefile/'],
  'src/corefile/': ['src/corefile/', 'src/dns/'],
  'src/answers/': ['src/answers/', 'src/dns/'],
  'src/registry/': ['src/registry/', 'src/answers/', 'src/dns/'],
  'src/zones/': ['src/zones/', 'src/dns/', 'src/plugin.ts'],
  'src/feeds/zones/': ['src/feeds/', 'src/zones/', 'src/dns/', 'src/log.ts', 'src/clock.ts'],
  'src/feeds/': [
    'src/feeds/',
    'src/registry/',
    'src/answers/',
    'src/dns/',
    'src/log.ts',
    'src/metrics.ts',
    'src/backoff.ts',
    'src/compilers.ts',
    'src/grpc/',
    'src/protobuf-reader.ts',
    'src/protobuf-writer.ts',
  ],
  'src/': ['src/corefile/', 'src/dns/', 'src/ffi.ts', 'src/log.ts', 'src/metrics.ts', 'src/snapshot.ts'],
  'plugins/': [
    'src/plugin.ts',
    'src/expression/',
    'src/go/',
    'src/registry/',
    'src/answers/',
    'src/feeds/',
    'src/zones/',
    'src/dnssec/',
    'src/dns/',
    'src/corefile/',
    'src/metrics.ts',
    'src/request-metrics.ts',
    'src/snapshot.ts',
    'src/log.ts',
    'src/credentials.ts',
    'src/placeholders.ts',
    'src/backoff.ts',
    'src/forwarding/',
    'src/translation/',
    'src/grpc/',
    'src/protobuf-reader.ts',
    'src/protobuf-writer.ts',
    'src/clock.ts',
  ],
}

/** The files of this project that a file imports, from the root; packages are left out. */
function importsOf({ path, text }: File): string[] {
  const specifiers = Array.from(text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*|new URL\(\s*)'([.#][^']*)'/g), match => match[1]!)
  return specifiers.map(specifier =>
    specifier.startsWith('#') ? specifier.slice(1) : posix.join(posix.dirname(path), specifier),
  )
}

function allowedFor(path: string): readonly string[] {
  const part = Object.keys(ALLOWED)
    .filter(beginning => path.startsWith(beginning))
    .sort((a, b) => b.length - a.length)[0]
  const own = /^plugins\/\w+\//.exec(path)?.[0]
  return [...(ALLOWED[part ?? ''] ?? []), ...(own ? [own] : [])]
}

const violations = (files: readonly File[]) =>
  files.flatMap(file =>
    importsOf(file)
      .filter(target => !allowedFor(file.path).some(beginning => target.startsWith(beginning)))
      .map(target => `${file.path} imports ${target}`),
  )

test('imports point one way', () => {
  const indexes = new Set(['plugins/index.ts'])
  assert.deepEqual(
    violations([...filesOf('src', '.ts'), ...filesOf('plugins', '.ts')].filter(({ path }) => !indexes.has(path))),
    [],
  )
})

test('an import that points the wrong way is found', () => {
  const wrong: readonly (readonly [path: string, line: string])[] = [
    ['plugins/a/index.ts', "import { b } from '../b/index.ts'"],
    ['plugins/a/index.ts', "const { b } = await import('#plugins/b/index.ts')"],
    ['plugins/a/index.ts', "import type { Zones } from '#src/server/zones.ts'"],
    ['src/server/zones.ts', "import { plugins } from '#plugins/index.ts'"],
    ['src/transport/udp.ts', "import { responder } from '../server.ts'"],
    ['src/dns/name.ts', "import '../log.ts'"],
  ]
  for (const [path, text] of wrong) assert.equal(violations([{ path, text }]).length, 1, text)
  assert.deepEqual(
    violations([
      { path: 'plugins/a/x.ts', text: "import { c } from './c.ts'\nimport { D } from '#src/dns/name.ts'\nimport 'node:fs'" },
    ]),
    [],
  )
})

/** Names of plugins that mean something else as well: a level of the log, a system call, transports, a choice of `-udp`, a reason of losses. */
const AMBIGUOUS = ['debug', 'bind', 'tls', 'https', 'grpc', 'auto', 'shed']

/** Quoted words that are names of plugins. */
const namesOfPlugins = (files: readonly File[]) =>
  files.flatMap(({ path, text }) =>
    Array.from(text.matchAll(/'(\w+)'/g), match => match[1]!)
      .filter(word => plugins.some(plugin => plugin.name === word) && !AMBIGUOUS.includes(word))
      .map(word => `${path} names ${word}`),
  )

test('server and transports know no plugin by name', () => {
  const core = ['src/server', 'src/transport'].flatMap(folder => filesOf(folder, '.ts'))
  assert.deepEqual(namesOfPlugins(core), [])
  assert.deepEqual(namesOfPlugins([{ path: 'src/server/chain.ts', text: "if (name === 'hosts') return" }]), [
    'src/server/chain.ts names hosts',
  ])
})
