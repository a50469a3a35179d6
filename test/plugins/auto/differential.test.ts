/** CoreDNS finds the same zones, and answers the same for them. */
import assert from 'node:assert/strict'
import { mkdir, mkdtempDisposable, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { comparable } from '#test/support/message.ts'

const zone = (address: string) => `$TTL 60\n@ SOA ns hostmaster 1 2 3 4 60\n@ NS ns\nns A 192.0.2.53\nwww A ${address}\n`
const FILES = [
  'db.example.org',
  'x.db.example.net',
  'a.example.zone',
  'b.example.zone.bak',
  'db.sub.example.org',
  'DB.example.com',
  'below/db.below.example',
]
const NAMINGS = ['', 'db\\.(.*) {1}', '^(.*)\\.zone$ {1}', '(\\w+)\\.zone {1}.test', '^db\\.(\\w+)\\.(\\w+)$ {2}.{1}.', '(?i)^db\\.(.*) {1}', '^db\\.(.*)$ zone-{1'] // biome-ignore format: a table
const ORIGINS = ['example.org.', 'example.net.', 'a.example.', 'b.example.', 'a.test.', 'example.test.', 'sub.example.org.', 'org.example.', 'example.com.', 'below.example.', 'example.below.'] // biome-ignore format: a table

test('CoreDNS finds the same zones', { skip: noCoreDns() ?? false }, async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'auto-'))
  const zones = join(folder.path, 'zones')
  await mkdir(join(zones, 'below'), { recursive: true })
  for (const [i, file] of FILES.entries()) await writeFile(join(zones, file), zone(`192.0.2.${i + 1}`))
  await symlink('zones', join(folder.path, 'link'))
  for (const naming of NAMINGS) {
    for (const named of ['', 'example.org example test']) {
      const lines = `root ${folder.path}\nauto ${named} {\n directory link ${naming}\n}\nwhoami`
      await using theirs = await CoreDns.start(`. {\n${lines}\n}\n`)
      await using ours = await startInProcess(lines)
      for (const name of ORIGINS.flatMap(origin => [origin, `www.${origin}`, `no.${origin}`])) {
        const [their, our] = await Promise.all([theirs, ours].map(server => server.query(name, 'A')))
        // What is no zone's goes on to whoami, which tells the client's port.
        const [isPassed, isTheirs] = [our!, their!].map(({ additional }) => additional.some(line => / SRV /.test(line)))
        assert.equal(isPassed, isTheirs, `${name} with ${naming}`)
        if (!isPassed) assert.deepEqual(comparable(our!), comparable(their!), `${name} with ${naming}`)
      }
    }
  }
})
