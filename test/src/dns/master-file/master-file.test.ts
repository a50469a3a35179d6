import assert from 'node:assert/strict'
import { mkdir, mkdtempDisposable, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { MasterFile } from '#src/dns/master-file/master-file.ts'
import { toKey, toText } from '#src/dns/name.ts'
import { typeText } from '#test/support/names.ts'

const ORIGIN = toKey('example.org')

/** Owner, TTL, type and data in hex of all records, by the files' names; the first file is read. */
async function read(files: Readonly<Record<string, string>>): Promise<string[]> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'master-file-'))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, name)), { recursive: true })
    await writeFile(join(folder.path, name), text)
  }
  const lines: string[] = []
  const file = new MasterFile(join(folder.path, Object.keys(files)[0]!))
  await file
    .read(ORIGIN, ({ owner, ttl, type, data }, { line }) => {
      const hex = Buffer.from(data, 'latin1').toString('hex')
      return lines.push(`${line} ${toText(owner)} ${ttl} ${typeText(type)} ${hex}`) > 0
    })
    .catch(error => {
      throw Object.assign(error, { message: error.message.replaceAll(`${folder.path}/`, '') })
    })
  return lines
}

const cases: Readonly<Record<string, readonly [file: string, ...records: string[]]>> = {
  'names, TTLs and owners that are not said': [
    `\uFEFF; comment
$TTL 1h
@ A 192.0.2.1 ; comment
  A 192.0.2.2\r
www 60 IN A 192.0.2.3

\tIN A 192.0.2.4
*.Apps A 192.0.2.5
other.example. A 192.0.2.6`,
    '3 example.org. 3600 A c0000201',
    '4 example.org. 3600 A c0000202',
    '5 www.example.org. 60 A c0000203',
    '7 www.example.org. 3600 A c0000204',
    '8 *.apps.example.org. 3600 A c0000205',
    '9 other.example. 3600 A c0000206',
  ],
  'without $TTL, the TTL is that of the record before': [
    'a 1d A 192.0.2.1\nb A 192.0.2.2\n$TTL 5\nc 7 A 192.0.2.3\nd A 192.0.2.4\n',
    '1 a.example.org. 86400 A c0000201',
    '2 b.example.org. 86400 A c0000202',
    '4 c.example.org. 7 A c0000203',
    '5 d.example.org. 5 A c0000204',
  ],
  'quotes that close in a later line': [
    '@ 5 TXT ( "a;"\n "b\nc d\n" ) ; "\nb 5 TXT "x\n"\nc A 192.0.2.1',
    '1 example.org. 5 TXT 02613b06620a6320640a',
    '5 b.example.org. 5 TXT 02780a',
    '7 c.example.org. 5 A c0000201',
  ],
  'before the first TTL, an hour': [
    '@ A 192.0.2.1\nb 5 A 192.0.2.2\nc A 192.0.2.3\n',
    '1 example.org. 3600 A c0000201',
    '2 b.example.org. 5 A c0000202',
    '3 c.example.org. 5 A c0000203',
  ],
  'parentheses, and comments within': [
    '@ 60 SOA (\n  a b ; names (\n  1 2 3\n4 5 )\nx 60 A (\n192.0.2.1\n)\n 60 A 192.0.2.2',
    '1 example.org. 60 SOA 0161076578616d706c65036f7267000162076578616d706c65036f7267000000000100000002000000030000000400000005',
    '5 x.example.org. 60 A c0000201',
    '8 x.example.org. 60 A c0000202',
  ],
  $ORIGIN: [
    '$TTL 5\n$ORIGIN a\nx NS y\n$ORIGIN b.\nx NS @\n$origin . ; root\nx NS y',
    '3 x.a.example.org. 5 NS 01790161076578616d706c65036f726700',
    '5 x.b. 5 NS 016200',
    '7 x. 5 NS 017900',
  ],
  $GENERATE: [
    `$TTL 5\n$GENERATE 1-5/2 h\${10,4,x}.\\$ A 192.0.2.$\n$GENERATE 0-1 @ 60 TXT "$$ \${-0,2}"`,
    '2 h000b.\\$.example.org. 5 A c0000201',
    '2 h000d.\\$.example.org. 5 A c0000203',
    '2 h000f.\\$.example.org. 5 A c0000205',
    '3 example.org. 60 TXT 0424203030',
    '3 example.org. 60 TXT 0424203031',
  ],
}

suite('a master file', () => {
  for (const [name, [file, ...records]] of Object.entries(cases)) {
    test(name, async () => assert.deepEqual(await read({ 'db.example': file }), records))
  }

  test('includes others, from where it is, and goes on as before', async () => {
    const records = await read({
      'zones/db.example': '$TTL 5\na A 192.0.2.1\n$INCLUDE parts/one\n A 192.0.2.2\nb A 192.0.2.3\n$INCLUDE "parts/one" sub',
      'zones/parts/one': ' TXT x\n$ORIGIN deep\nc 7 NS @\n$INCLUDE two',
      'zones/parts/two': '$TTL 9\nd A 192.0.2.4',
    })
    assert.deepEqual(records, [
      '2 a.example.org. 5 A c0000201',
      '1 a.example.org. 5 TXT 0178',
      '3 c.deep.example.org. 7 NS 0464656570076578616d706c65036f726700',
      '2 d.deep.example.org. 9 A c0000204',
      '4 a.example.org. 5 A c0000202',
      '5 b.example.org. 5 A c0000203',
      '1 b.example.org. 5 TXT 0178',
      '3 c.deep.sub.example.org. 7 NS 046465657003737562076578616d706c65036f726700',
      '2 d.deep.sub.example.org. 9 A c0000204',
    ])
  })
})

const GOOD = '$TTL 5\nx A 192.0.2.1\n'
const bad: Readonly<Record<string, readonly [files: Readonly<Record<string, string>>, message: RegExp]>> = {
  'a bad word': [{ db: `${GOOD}y A x\n` }, /^db:3: ADDRESS must be an IPv4 address: 'x'$/],
  'within parentheses': [{ db: `${GOOD}y TXT (\n"a"\n"b\n)` }, /^db:5: a quote that is not closed/],
  'a parenthesis that is not closed': [{ db: `${GOOD}y TXT (\n"a"\n` }, /^db:3: a parenthesis that is not closed$/],
  'no owner': [{ db: '$TTL 5\n  A 192.0.2.1' }, /^db:2: .* no owner before it$/],
  'an unknown directive': [{ db: '$TLL 5' }, /^db:1: unknown directive: '\$TLL'$/],
  'too much': [{ db: '$ORIGIN a b' }, /^db:1: too many words for \$ORIGIN: 'b'$/],
  'a bad TTL': [{ db: '$TTL 1x' }, /^db:1: TTL must be/],
  'in an included file': [{ db: '\n$INCLUDE sub/one', 'sub/one': `${GOOD}x` }, /^sub\/one:3: TYPE is missing$/],
  'an included file that is not there': [{ db: '\n$INCLUDE one' }, /^db:2: ENOENT: .*one'$/],
  'an included folder': [{ db: '\n$INCLUDE .' }, /^db:2: .* is not a file$/],
  'a file that includes itself': [{ db: '$INCLUDE db' }, /^db:1: more than 8 files include one another$/],
  '$GENERATE of nothing': [{ db: '$TTL 5\n$GENERATE 5-4 h$ A 192.0.2.1' }, /^db:2: \$GENERATE wants START-STOP/],
  '$GENERATE of too much': [{ db: '$TTL 5\n$GENERATE 0-65536 h$ A 192.0.2.1' }, /^db:2: \$GENERATE of more than 65536 records$/],
  '$GENERATE again and again': [
    { db: `$TTL 5\n${'$GENERATE 0-65535 a TXT $\n'.repeat(16)}` },
    /^db:17: more than 1000000 records$/,
  ],
  '$GENERATE of a negative number': [
    { db: `$TTL 5\n$GENERATE 0-1 h\${-1} A 192.0.2.1` },
    /^db:2: \$GENERATE of a number below 0/,
  ],
  '$GENERATE in another base': [{ db: `$TTL 5\n$GENERATE 0-1 h\${0,1,n} A 192.0.2.1` }, /^db:2: \$GENERATE wants \$\{OFFSET/],
  'octets that upset a terminal': [{ db: `${GOOD}y A \x1b[1mé` }, /^db:3: .*'\?\[1mé'$/],
}

suite('what is wrong is told with its place', () => {
  for (const [name, [files, message]] of Object.entries(bad)) {
    test(name, async () => await assert.rejects(read(files), { name: 'MasterFileError', message }))
  }
})

test('a file that is not there, or too long, is an error', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'master-file-'))
  const path = join(folder.path, 'db')
  await assert.rejects(
    new MasterFile(path).read(ORIGIN, () => true),
    { code: 'ENOENT' },
  )
  await writeFile(path, '')
  await truncate(path, (64 << 20) + 1)
  await assert.rejects(
    new MasterFile(path).read(ORIGIN, () => true),
    /longer than/,
  )
})

test('whether it has changed, or what it includes', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'master-file-'))
  const [path, included] = [join(folder.path, 'db'), join(folder.path, 'one')]
  await writeFile(path, '$INCLUDE one\n$INCLUDE two')
  await writeFile(included, '')
  const file = new MasterFile(path)
  assert.equal(await file.isChanged(), true)
  await assert.rejects(file.read(ORIGIN, () => true))
  assert.equal(await file.isChanged(), false)
  await writeFile(join(folder.path, 'two'), '')
  assert.equal(await file.isChanged(), true)
  await file.read(ORIGIN, () => true)
  assert.equal(await file.isChanged(), false)
  await writeFile(included, '; changed')
  assert.equal(await file.isChanged(), true)
  await file.read(ORIGIN, () => true)
  await rm(path)
  assert.equal(await file.isChanged(), true)
  await assert.rejects(file.read(ORIGIN, () => true))
  assert.equal(await file.isChanged(), false)
})

test('a long file is read in slices, between which the event loop turns, and no further than is wanted', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'master-file-'))
  const path = join(folder.path, 'db')
  await writeFile(path, `$TTL 5\n${'a A 192.0.2.1\n'.repeat(20_000)}${';\n'.repeat(10_000)}$GENERATE 1-20000 h$ A 192.0.2.1\n`)
  let [turns, done, records] = [0, false, 0]
  const turn = () => {
    turns++
    if (!done) setImmediate(turn)
  }
  setImmediate(turn)
  await new MasterFile(path)
    .read(ORIGIN, () => ++records > 0)
    .finally(() => {
      done = true
    })
  assert.equal(records, 40_000)
  assert.ok(turns >= 90, `${turns} turns`)
  records = 0
  await new MasterFile(path).read(ORIGIN, () => ++records < 3)
  assert.equal(records, 3)
})
