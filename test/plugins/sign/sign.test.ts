import assert from 'node:assert/strict'
import { mkdtempDisposable, readdir, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { isSignedBy, readSignature, testKey } from '#test/support/dnssec.ts'
import { startInFolder, startInProcess, writeFiles } from '#test/support/in-process.ts'
import { startServer } from '#test/support/server.ts'
import { until } from '#test/support/waiting.ts'
import { SIGNED, serve, signed } from './signing.ts'
import { ZONE } from './zones.ts'

const DAY = 86_400_000
const skipped = /Skipping signing zone "example\.org\." in ".*db\.example\.org\.signed": signatures are valid/

test('the zone is written with signatures, answered from, and told of', async () => {
  const now = Math.floor(Date.now() / 1000)
  await using served = await serve()
  const { server, folder, key } = served
  const text = await signed(served)
  assert.match(server.lines.join('\n'), /plugin\/sign: Signing "example\.org\." because ENOENT/)
  assert.match(
    await server.waitForLine(/Successfully signed/),
    new RegExp(`^\\[INFO\\] plugin/sign: Successfully signed zone "example\\.org\\." in "${folder}/${SIGNED}" with key tags "${key.tag}" and (\\d+) SOA serial, elapsed \\d+\\.\\d{6}, next: \\d{4}-`),
  ) // biome-ignore format: one line
  const serial = Number(/ (\d{10}) SOA serial/.exec(server.lines.join())?.[1])
  assert.ok(serial >= now && serial < now + 60)
  assert.match(text, new RegExp(`^example\\.org\\.\t600\tIN\tSOA\tns\\.example\\.org\\. hostmaster\\.example\\.org\\. ${serial} 7200 3600 1209600 900\nexample\\.org\\.\t600\tIN\tRRSIG\tSOA 13 2 600 `)) // biome-ignore format: one line
  assert.deepEqual(
    (await readdir(folder)).filter(name => name.startsWith('signed-')),
    [],
  )
  // What another signer made is left out, and NSEC is kept no longer than the SOA (RFC 9077).
  assert.doesNotMatch(text, /AQPSKmynfzW4kyBv|AQPSKmyn/)
  assert.match(text, /^example\.org\.\t600\tIN\tNSEC\t_http\._tcp\.example\.org\. NS SOA MX RRSIG NSEC DNSKEY CDS CDNSKEY$/m)
  const { answer } = await server.query('www.example.org', 'A', { edns: { dnssecOk: true } })
  const signature = readSignature(answer[2]!)!
  assert.ok(isSignedBy(key, signature, answer.slice(0, 2)))
  const hours = (time: number) => (time - serial) / 3600
  assert.ok(hours(signature.inception) <= -3 && hours(signature.inception) >= -21)
  assert.ok(hours(signature.expiration) >= 32 * 24 && hours(signature.expiration) <= 37 * 24)
})

suite('what is signed is left as it is', () => {
  test('while it is good', async () => {
    await using first = await serve()
    await signed(first)
    await utimes(join(first.folder, 'db'), 1e9, 1e9)
    await first.server.server.reload()
    await first.server.waitForLine(skipped)
  })

  for (const [title, days, why] of [
    ['until it is old', 7, /because inception ".*" was more than: 144h0m0s ago from /],
    ['unless it is of another time', -2, /because inception ".*" date is in the future: \d/],
  ] as const)
    test(title, async t => {
      await using first = await serve()
      const files = { [SIGNED]: await signed(first) }
      t.mock.timers.enable({ apis: ['Date'], now: Date.now() + days * DAY })
      await using second = await serve(first.key, files)
      await second.server.waitForLine(why)
      await second.server.waitForLine(/Successfully signed/)
    })

  test('unless the zone was written again, or the file is no signed zone', async () => {
    await using first = await serve()
    const text = await signed(first)
    const soon = Math.floor(Date.now() / 1000) + 3 * 86_400
    for (const [file, why] of [
      [
        text.replace(/(\tRRSIG\tSOA 13 2 600) \d+/, `$1 ${soon}`),
        /because expiration ".*" is less than: 168h0m0s away from .*: 7[12]h/,
      ],
      [text.replace(/.*\tRRSIG\tSOA .*\n/, ''), /because no SOA RRSIG found in first 100 records/],
      [`${'x.example.org.\t60\tIN\tA\t192.0.2.1\n'.repeat(100)}${text}`, /because no SOA RRSIG found in first 100 records/],
      [text.replace('IN', 'IM'), /because .*db\.example\.org\.signed:1: /],
      ['', /because no SOA RRSIG found/],
    ] as const) {
      await using second = await startInFolder(
        folder => writeFiles(folder, { ...first.key.files, db: ZONE, [SIGNED]: file }),
        `sign db example.org {\n key file ${first.key.base}\n directory .\n}`,
      )
      await second.server.waitForLine(why)
      await second.server.waitForLine(/Successfully signed/)
    }
    await utimes(join(first.folder, 'db'), Date.now() / 1000, Date.now() / 1000 + 2)
    await first.server.server.reload()
    await first.server.waitForLine(/because .*\/db was written since/)
  })
})

/** A server that signs, and answers from nothing. It has signed, and waits until it looks again. */
async function startSigned() {
  const key = testKey('example.org.')
  const served = await startInFolder(
    folder => writeFiles(folder, { ...key.files, db: ZONE }),
    `sign db example.org {\n key file ${key.base}\n directory .\n}`,
  )
  await served.server.waitForLine(/Successfully signed/)
  await nextTurn()
  return served
}

test('the zone is signed again while the server runs', async t => {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: Date.now() })
  await using served = await startSigned()
  const { server } = served
  const from = server.lines.length
  t.mock.timers.tick(7 * DAY)
  await server.waitForLine(/Signing "example\.org\." because inception/, { from })
  await server.waitForLine(/Successfully signed/, { from })
})

test('a clock that was ahead and is set back leaves no signatures that are not valid yet', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  await using served = await startSigned()
  const { server } = served
  const from = server.lines.length
  const before = Date.now() - 2 * DAY
  t.mock.method(Date, 'now', () => before)
  t.mock.timers.tick(60_000)
  await server.waitForLine(/Signing "example\.org\." because inception ".*" date is in the future/, { from })
  await server.waitForLine(/Successfully signed/, { from })
  // Secondaries shall fetch it.
  const [first, second] = server.lines.flatMap(line => / (\d+) SOA serial/.exec(line)?.[1] ?? []).map(Number)
  assert.equal(second! - first!, 1)
  const signedAt = (await stat(join(served.folder, SIGNED))).mtimeMs / 1000
  await utimes(join(served.folder, 'db'), signedAt, signedAt + 0.1)
  await server.server.reload()
  await server.waitForLine(/because .*\/db was written since/, { from })
})

test('a zone that is not accepted, and a folder that is not there, are told, and leave what there is', async () => {
  await using served = await serve()
  const { server, folder, key } = served
  await signed(served)
  await writeFile(join(folder, 'db'), `${ZONE}www A 300.0.0.1\n`)
  await server.server.reload()
  await server.waitForLine(/Error signing "example\.org\." with key tags "\d+" in \S+: .*\/db:\d+: .*300\.0\.0\.1.*, next: \d{4}/)
  assert.equal((await server.query('www.example.org')).rcode, 'NOERROR')
  await using other = await startInFolder(
    path => writeFiles(path, { ...key.files, db: ZONE }),
    `sign db example.org {\n key file ${key.base}\n directory nowhere\n}`,
  )
  await other.server.waitForLine(/Error signing "example\.org\." .*ENOENT/)
})

test('several zones of one file, each with the keys of a folder that were made for it', async () => {
  const keys = [testKey('example.org.'), testKey('example.org.', 15), testKey('example.net.', 8)]
  const db = '@ 60 SOA ns hostmaster 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n'
  await using served = await startInFolder(
    folder => writeFiles(folder, Object.assign({ db }, ...keys.map(({ files }) => files))),
    'sign db example.org Example.net {\n key directory .\n directory .\n}',
  )
  const { server, folder } = served
  const tagsOf = async (zone: string) =>
    /with key tags "(.*)" and/.exec(await server.waitForLine(new RegExp(`Successfully signed zone "${zone}`)))?.[1]
  assert.deepEqual((await tagsOf('example.org'))?.split(',').sort(), [keys[0]!, keys[1]!].map(({ tag }) => `${tag}`).sort())
  assert.equal(await tagsOf('example.net'), `${keys[2]!.tag}`)
  assert.ok((await readdir(folder)).includes('db.example.net.signed'))
})

test('many names are put in order, each with the next', async () => {
  await using served = await serve(undefined, { db: `${ZONE}$GENERATE 1-4999 host$ A 192.0.2.1\n` })
  const text = await signed(served)
  const chain = Array.from(text.matchAll(/^(\S+)\t\d+\tIN\tNSEC\t(\S+)/gm), ([, owner, next]) => [owner!, next!] as const)
  const owners = chain.map(([owner]) => owner)
  assert.deepEqual(
    chain.map(([, next]) => next),
    [...owners.slice(1), owners[0]],
  )
  const hosts = owners.filter(owner => owner.startsWith('host'))
  assert.deepEqual(
    hosts,
    Array.from({ length: 4999 }, (_, i) => `host${i + 1}`)
      .sort()
      .map(host => `${host}.example.org.`),
  )
})

test('a server that ends leaves nothing that is half written', async () => {
  const key = testKey('example.org.')
  await using folder = await mkdtempDisposable(join(tmpdir(), 'sign-'))
  await writeFiles(folder.path, { ...key.files, db: `${ZONE}$GENERATE 1-5000 host$ A 192.0.2.1\n` })
  const server = await startInProcess(`root ${folder.path}\nsign db example.org {\n key file ${key.base}\n directory .\n}`)
  const isWriting = async () => (await readdir(folder.path)).some(name => name.startsWith('signed-'))
  await until(isWriting)
  await server[Symbol.asyncDispose]()
  assert.ok(!(await isWriting()))
  assert.ok(!(await readdir(folder.path)).includes(SIGNED))
  assert.doesNotMatch(server.lines.join('\n'), /Error/)
})

test('of several threads, one signs', async () => {
  const key = testKey('example.org.')
  await using server = await startServer(
    `.:0 {\n  multisocket 2\n  sign db example.org {\n    key file ${key.base}\n    directory .\n  }\n  file ${SIGNED} example.org {\n    reload 50ms\n  }\n}\n`,
    { files: { ...key.files, db: ZONE } },
  )
  await server.waitForLine(/Successfully reloaded zone/)
  server.signal('SIGTERM')
  await server.exited
  assert.equal(server.stdout.filter(line => /: (Signing|Skipping) /.test(line)).length, 1)
})
