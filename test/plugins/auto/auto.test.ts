import assert from 'node:assert/strict'
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type InProcessServer, startInFolder, writeFiles } from '#test/support/in-process.ts'
import { messageFrom } from '#test/support/records.ts'
import { startUpstream } from '#test/support/upstream.ts'
import { axfr } from '#test/support/zone-transfer.ts'

const zone = (serial: number, address: string) => `$TTL 60\n@ SOA ns hostmaster ${serial} 2 3 4 5\n@ NS ns\nwww A ${address}\n`
const AUTO = 'auto {\n directory zones\n reload 20ms\n}\n'

/** A server with a folder `zones` of these files, and a last plugin that answers without records. */
async function serve(
  files: Readonly<Record<string, string>>,
  lines = AUTO,
): Promise<{ server: InProcessServer; folder: string; zones: string } & AsyncDisposable> {
  const fill = async (folder: string) => {
    await mkdir(join(folder, 'zones'))
    await writeFiles(join(folder, 'zones'), files)
  }
  const served = await startInFolder(fill, `${lines}  script`)
  return { ...served, zones: join(served.folder, 'zones') }
}

/** The address that a zone has for `www`; the rcode where there is none. */
async function addressOf(server: InProcessServer, origin: string): Promise<string> {
  const { rcode, answer } = await server.query(`www.${origin}`)
  return answer.length > 0 ? answer[0]!.split(' ').at(-1)! : rcode
}

suite('the files of a folder', () => {
  test('are zones where their names say so', async () => {
    await using served = await serve({
      'db.example.org': zone(1, '192.0.2.1'),
      'old.db.EXAMPLE.net': zone(1, '192.0.2.2'),
      README: 'these are zones',
      'db.a..b': zone(1, '192.0.2.3'),
    })
    const { server, zones } = served
    await mkdir(join(zones, 'more'))
    await writeFile(join(zones, 'more', 'db.a.example.org'), zone(1, '192.0.2.4'))
    await server.waitForLine(
      /^\[INFO\] plugin\/auto: Inserting zone `a\.example\.org\.' from: \S+\/zones\/more\/db\.a\.example\.org$/,
    )
    const answers = ['example.org', 'example.net', 'a.example.org', 'example.com'].map(origin => addressOf(server, origin))
    assert.deepEqual(await Promise.all(answers), ['192.0.2.1', '192.0.2.2', '192.0.2.4', 'NOERROR'])
    const warnings = server.lines.filter(line => line.startsWith('[WARNING]'))
    assert.equal(warnings.length, 1)
    assert.match(warnings[0]!, /^\[WARNING\] plugin\/auto: \S+\/db\.a\.\.b: 'a\.\.b' is no zone: /)
  })

  test('are of the zone that the template makes of a name', async () => {
    await using served = await serve(
      { 'org-example.zone': zone(1, '192.0.2.1'), 'org-example.zone.bak': zone(2, '192.0.2.2') },
      'auto {\n directory zones ^(\\w+)-(\\w+)\\.zone$ {2}.{1}\n}\n',
    )
    assert.equal(await addressOf(served.server, 'example.org'), '192.0.2.1')
    assert.ok(!served.server.lines.some(line => line.includes('Multiple')))
  })

  test('are one for each zone: the first, and the others are warned of once', async () => {
    await using served = await serve({ 'a.db.example.org': zone(1, '192.0.2.1'), 'b.db.example.org': zone(2, '192.0.2.2') })
    const { server, zones } = served
    assert.equal(await addressOf(server, 'example.org'), '192.0.2.1')
    await writeFile(join(zones, 'a.db.example.org'), zone(3, '192.0.2.3'))
    await server.waitForLine(/reloaded/)
    const warnings = server.lines.filter(line => line.includes('Multiple'))
    assert.equal(warnings.length, 1)
    assert.match(
      warnings[0]!,
      /match origin "example\.org\.": using "\S+\/a\.db\.example\.org" instead of "\S+\/b\.db\.example\.org"$/,
    )
  })

  test('are answered for in ZONES alone, and passed on elsewhere', async () => {
    await using served = await serve(
      { 'db.example.org': zone(1, '192.0.2.1'), 'db.example.net': zone(1, '192.0.2.2') },
      'auto example.net {\n directory zones\n}\n',
    )
    assert.equal(await addressOf(served.server, 'example.net'), '192.0.2.2')
    assert.equal(await addressOf(served.server, 'example.org'), 'NOERROR')
  })

  test('of several folders are zones of one server block', async () => {
    await using served = await serve(
      { 'db.example.org': zone(1, '192.0.2.1') },
      'auto {\n directory two\n reload 20ms\n}\nauto {\n directory zones\n}\n',
    )
    const { server, folder } = served
    assert.match(server.lines.join('\n'), /^\[WARNING\] plugin\/auto: Directory does not exist: \S+\/two$/m)
    await mkdir(join(folder, 'two'))
    await writeFile(join(folder, 'two', 'db.example.net'), zone(1, '192.0.2.2'))
    await writeFile(join(folder, 'two', 'db.example.org'), zone(1, '192.0.2.3'))
    await server.waitForLine(/Inserting zone `example\.org\.' from: \S+\/two/)
    assert.equal(await addressOf(server, 'example.net'), '192.0.2.2')
    assert.equal(await addressOf(server, 'example.org'), '192.0.2.3')
    assert.equal(server.lines.filter(line => line.includes('does not exist')).length, 1)
  })
})

suite('a folder that is looked at again', () => {
  test('brings and takes zones, and new versions', async () => {
    await using served = await serve({ 'db.example.org': zone(1, '192.0.2.1') })
    const { server, zones } = served
    await writeFile(join(zones, 'db.example.net'), zone(1, '192.0.2.2'))
    await server.waitForLine(/Inserting zone `example\.net\.'/)
    assert.equal(await addressOf(server, 'example.net'), '192.0.2.2')
    await writeFile(join(zones, 'db.example.org'), zone(2, '192.0.2.11'))
    assert.match(
      await server.waitForLine(/reloaded/),
      /^\[INFO\] plugin\/auto: Successfully reloaded zone "example\.org\." in "\S+\/db\.example\.org" with 2 SOA serial$/,
    )
    assert.equal(await addressOf(server, 'example.org'), '192.0.2.11')
    await rm(join(zones, 'db.example.org'))
    await server.waitForLine(/^\[INFO\] plugin\/auto: Deleting zone `example\.org\.'$/)
    assert.equal(await addressOf(server, 'example.org'), 'NOERROR')
    assert.equal(await addressOf(server, 'example.net'), '192.0.2.2')
  })

  test('keeps what was read of a file that is bad by now, and tells it once', async () => {
    await using served = await serve({ 'db.example.org': zone(1, '192.0.2.1'), 'db.example.net': 'www A\n' })
    const { server, zones } = served
    assert.match(server.lines.join('\n'), /^\[ERROR\] plugin\/auto: Parsing zone "example\.net\.": \S+\/db\.example\.net:1: /m)
    assert.equal(await addressOf(server, 'example.net'), 'SERVFAIL')
    await writeFile(join(zones, 'db.example.org'), `${zone(2, '192.0.2.2')}x A\n`)
    assert.match(
      await server.waitForLine(/Parsing zone "example\.org\."/),
      /^\[ERROR\] plugin\/auto: Parsing zone "example\.org\.": \S+\/db\.example\.org:5: ADDRESS is missing$/,
    )
    await rename(join(zones, 'db.example.org'), join(zones, 'moved.db.example.org'))
    await server.waitForLine(/Parsing zone "example\.org\.": \S+\/moved\.db\.example\.org:5/)
    assert.equal(await addressOf(server, 'example.org'), '192.0.2.1')
    await writeFile(join(zones, 'moved.db.example.org'), zone(3, '192.0.2.3'))
    await writeFile(join(zones, 'db.example.net'), zone(3, '192.0.2.4'))
    await server.waitForLine(/reloaded zone "example\.org\."/)
    await server.waitForLine(/reloaded zone "example\.net\."/)
    assert.deepEqual([await addressOf(server, 'example.org'), await addressOf(server, 'example.net')], ['192.0.2.3', '192.0.2.4'])
    assert.equal(server.lines.filter(line => line.startsWith('[ERROR]') && line.includes('Parsing')).length, 3)
  })

  test('keeps it, too, when the Corefile is read again', async () => {
    await using served = await serve({ 'db.example.org': zone(1, '192.0.2.1') })
    const { server, zones } = served
    await writeFile(join(zones, 'db.example.org'), `${zone(2, '192.0.2.2')}x A\n`)
    await server.server.reload()
    assert.equal(await addressOf(server, 'example.org'), '192.0.2.1')
    await writeFile(join(zones, 'db.example.org'), zone(3, '192.0.2.3'))
    await server.waitForLine(/reloaded zone/)
    assert.equal(await addressOf(server, 'example.org'), '192.0.2.3')
  })

  test('and is lost keeps its zones', async () => {
    await using served = await serve({ 'db.example.org': zone(1, '192.0.2.1') })
    const { server, zones } = served
    await rename(zones, `${zones}.gone`)
    await server.waitForLine(/Directory does not exist/)
    assert.equal(await addressOf(server, 'example.org'), '192.0.2.1')
    assert.ok(!server.lines.some(line => line.includes('Deleting')))
    await rename(`${zones}.gone`, zones)
    await writeFile(join(zones, 'db.example.org'), zone(2, '192.0.2.2'))
    await server.waitForLine(/reloaded/)
    assert.equal(await addressOf(server, 'example.org'), '192.0.2.2')
  })

  test('may be that of a ConfigMap', async () => {
    await using served = await serve({})
    const { server, zones } = served
    const version = async (name: string, text: string) => {
      await mkdir(join(zones, name))
      await writeFile(join(zones, name, 'db.example.org'), text)
      await symlink(name, join(zones, '..data_tmp'))
      await rename(join(zones, '..data_tmp'), join(zones, '..data'))
    }
    await version('..1', zone(1, '192.0.2.1'))
    await symlink('..data/db.example.org', join(zones, 'db.example.org'))
    await server.waitForLine(/Inserting zone `example\.org\.' from: \S+\/zones\/db\.example\.org$/)
    await version('..2', zone(2, '192.0.2.2'))
    await server.waitForLine(/reloaded/)
    assert.equal(await addressOf(server, 'example.org'), '192.0.2.2')
    assert.ok(!server.lines.some(line => line.includes('Multiple')))
  })

  test('is not where reload is 0', async () => {
    await using served = await serve({}, 'auto {\n directory zones\n reload 0\n}\n')
    await writeFile(join(served.zones, 'db.example.org'), zone(1, '192.0.2.1'))
    await setTimeout(60)
    assert.equal(await addressOf(served.server, 'example.org'), 'NOERROR')
  })
})

test('*transfer* gives its zones away, and tells of them when they are new', async () => {
  await using secondary = await startUpstream(({ message }) => messageFrom(message))
  await using served = await serve({ 'db.example.org': zone(1, '192.0.2.1') }, `${AUTO}transfer {\n to ${secondary.to}\n}\n`)
  const { server, zones } = served
  await secondary.saw(1)
  assert.equal((await axfr('example.org.', server)).length, 4)
  await writeFile(join(zones, 'db.example.net'), zone(1, '192.0.2.2'))
  await secondary.saw(2)
  await writeFile(join(zones, 'db.example.org'), zone(2, '192.0.2.3'))
  await secondary.saw(3)
  assert.deepEqual(
    secondary.seen.map(({ name }) => name),
    ['example.org.', 'example.net.', 'example.org.'],
  )
})
