/** CoreDNS judges signatures the same, and signs the same, but for what the README tells; and other implementations take what is signed, and sign what is taken. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { notification, startPrimary } from '#test/plugins/secondary/primary.ts'
import { serve, zone } from '#test/plugins/transfer/serving.ts'
import { askTcp, askUdp, TcpClient } from '#test/support/client.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { Knot, noKnot } from '#test/support/knot.ts'
import { queryMessage, readMessage } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { missing } from '#test/support/programs.ts'
import { isSigned, type Key, secretLine, sign, signatureOf, withRecord } from '#test/support/tsig.ts'
import { until } from '#test/support/waiting.ts'

const KEY: Key = { name: 'key.example.', secret: Buffer.from('a secret of some octets') }
const HASHES = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const
const run = promisify(execFile)

/** Every way to sign a query, or not to. */
function ways(message: Buffer): Readonly<Record<string, Buffer>> {
  const late = Math.floor(Date.now() / 1000) - 1000
  const signed = sign(message, KEY)
  const changed = sign(message, KEY)
  changed[2]! ^= 0x01
  const byHash = Object.fromEntries(HASHES.map(hash => [hash, sign(message, { ...KEY, algorithm: `hmac-${hash}.` })]))
  return {
    unsigned: message,
    ...byHash,
    'an algorithm in upper case': sign(message, { ...KEY, algorithm: 'HMAC-SHA256.' }),
    'another id': sign(message, KEY, { id: 1 }),
    'another name': sign(message, { ...KEY, name: 'other.example.' }),
    'another secret': sign(message, { ...KEY, secret: Buffer.from('another') }),
    'another secret, late': sign(message, { ...KEY, secret: Buffer.from('another') }, { time: late }),
    late: sign(message, KEY, { time: late }),
    early: sign(message, KEY, { time: late + 2000 }),
    'late, and allowed to be': sign(message, KEY, { time: late, fudge: 2000 }),
    'an error and other data': sign(message, KEY, { error: 3, other: Buffer.from('octets') }),
    changed,
    twice: withRecord(signed, signatureOf(signed)),
  }
}

/** What a reply says, and of its signature whether it is right, its error, and what is told beside it. */
function told(raw: Buffer, query: Buffer): unknown {
  try {
    const { unsigned, name, algorithm, time, mac, id, error, other, fudge } = signatureOf(raw)
    const right = isSigned(raw, KEY, signatureOf(query).mac)
    const message = readMessage(unsigned)
    const { rcode, flags, question, answer, edns } = message
    const times = mac.length > 0 && { fudge, old: time < Date.now() / 1000 - 100, early: time > Date.now() / 1000 + 100 }
    const names = [name.toLowerCase(), algorithm.toLowerCase()]
    return { rcode, flags, question, answer, edns: edns !== undefined, names, right, error, other: other.length, ownId: id === message.id, times } // biome-ignore format: one line
  } catch {
    // What is malformed is answered by CoreDNS with the question.
    const { rcode, answer } = readMessage(raw)
    return { rcode, answer }
  }
}

suite('CoreDNS judges and signs the same', { skip: noCoreDns() ?? false }, () => {
  for (const option of ['', 'require all', 'require none', 'require A', 'require TXT AXFR', 'require_opcode QUERY', 'require_opcode NOTIFY', 'require A\n require_opcode UPDATE']) // biome-ignore format: one line
    test(option.replace('\n', ',') || 'nothing is required', async () => {
      await using folder = await mkdtempDisposable(join(tmpdir(), 'tsig-'))
      await writeFile(join(folder.path, 'db'), zone(1))
      const lines = `root ${folder.path}\nfile db example.org\ntsig example.org {\n ${secretLine(KEY)}\n ${option}\n}`
      await using theirs = await CoreDns.start(`. {\n${lines}\n}\n`)
      await using ours = await startInProcess(lines)
      for (const [
        name,
        type,
      ] of [['host1.example.org.', 'A'], ['host1.example.org.', 'TXT'], ['no.example.org.', 'A'], ['example.org.', 'SOA']] as const) // biome-ignore format: one line
        for (const edns of [undefined, true] as const)
          for (const [way, query] of Object.entries(ways(queryMessage(name, type, { edns }))))
            for (const ask of [askUdp, askTcp]) {
              const [their, our] = await Promise.all([theirs, ours].map(server => ask(query, server)))
              assert.deepEqual(told(our!, query), told(their!, query), `${name} ${type}, ${way}`)
            }
    })

  for (const option of ['', 'require all', 'require SOA', 'require_opcode NOTIFY', 'require_opcode QUERY'])
    test(`notifications, ${option || 'nothing is required'}`, async () => {
      await using primary = await startPrimary()
      const lines = `secondary example.org {\n transfer from ${primary.to}\n}\ntsig example.org {\n ${secretLine(KEY)}\n ${option}\n}`
      await using theirs = await CoreDns.start(`. {\n${lines}\n}\n`)
      await using ours = await startInProcess(lines)
      await until(async () => (await theirs.query('www.example.org.')).rcode !== 'SERVFAIL')
      for (const [way, query] of Object.entries(ways(notification()))) {
        const [their, our] = await Promise.all([theirs, ours].map(server => askUdp(query, server)))
        assert.deepEqual(told(our!, query), told(their!, query), way)
      }
    })

  test('several queries of one connection, and zones of several messages', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'tsig-'))
    await writeFile(join(folder.path, 'db'), zone(1, 5000))
    const keys = join(folder.path, 'keys.conf')
    await writeFile(keys, `key "${KEY.name}" {\n\talgorithm hmac-sha1;\n\tsecret "${KEY.secret.toString('base64')}";\n};\n`)
    const lines = `root ${folder.path}\nfile db example.org\ntransfer example.org {\n to *\n}\ntsig example.org {\n secrets ${keys}\n require AXFR\n}`
    await using theirs = await CoreDns.start(`. {\n${lines}\n}\n`)
    await using ours = await startInProcess(lines)
    const [their, our] = await Promise.all(
      [theirs, ours].map(async server => {
        await using client = new TcpClient(server)
        const said: unknown[] = []
        for (let round = 0; round < 3; round++) {
          for (const query of Object.values(ways(queryMessage('host7.example.org.', 'A')))) {
            client.send(query)
            said.push(told((await client.next())!, query))
          }
          const query = sign(queryMessage('example.org.', 'AXFR'), KEY)
          client.send(query)
          const records: string[] = []
          for (let prior = signatureOf(query).mac, messages = 0; records.length < 5004; messages++) {
            const raw = (await client.next())!
            assert.ok(isSigned(raw, KEY, prior, { timesOnly: messages > 0 }))
            const signature = signatureOf(raw)
            prior = signature.mac
            records.push(...readMessage(signature.unsigned).answer)
          }
          said.push(records.sort())
        }
        return said
      }),
    )
    assert.deepEqual(our, their)
  })
})

suite('dig takes answers and zones', { skip: missing('dig', '-v') ?? false }, () => {
  for (const hash of HASHES)
    test(`that are signed with hmac-${hash}`, async () => {
      const lines = `tsig {\n ${secretLine(KEY)}\n require all\n}\nfile db example.org\ntransfer example.org {\n to *\n}`
      await using server = await serve({ db: zone(1, 5000) }, lines)
      const dig = async (...words: string[]) => {
        const key = `hmac-${hash}:${KEY.name}:${KEY.secret.toString('base64')}`
        const { stdout } = await run('dig', ['-p', `${server.port}`, '-y', key, '@127.0.0.1', ...words])
        assert.doesNotMatch(stdout, /could not be validated|verify failure|TSIG error|failed/)
        return stdout
      }
      for (const words of [[], ['+tcp'], ['+noedns'], ['+bufsize=512']]) {
        const said = await dig('host1.example.org', ...words)
        assert.match(said, /status: NOERROR/)
        assert.match(said, new RegExp(`TSIG\\s+hmac-${hash}\\. .* NOERROR 0`))
      }
      assert.match(await dig('example.org', 'AXFR'), /host5000\.example\.org\.[\s\S]*XFR size: 5004 records \(messages \d+/)
    })
})

const knotKey = `key:
  - id: ${KEY.name}
    algorithm: hmac-sha256
    secret: ${KEY.secret.toString('base64')}
`

suite('knot', { skip: noKnot() ?? false, timeout: 60_000 }, () => {
  test('takes a zone that it signs for', async () => {
    const lines = `tsig {\n ${secretLine(KEY)}\n require AXFR IXFR SOA\n}\nfile db example.org\ntransfer example.org {\n to *\n}`
    await using served = await serve({ db: zone(1, 5000) }, lines)
    const remote = `remote:\n  - id: primary\n    address: 127.0.0.1@${served.port}\n    key: ${KEY.name}\n`
    await using knot = await Knot.start(`${knotKey}${remote}zone:\n  - domain: example.org\n    master: primary\n`)
    await until(async () => (await knot.query('host5000.example.org.', 'A')).answer.length === 1)
    assert.equal(readMessage(await askTcp(queryMessage('example.org.', 'AXFR'), served)).rcode, 'REFUSED')
  })

  test('tells a secondary of its zones, with a signature', async () => {
    const port = await freePort()
    const remotes = `remote:\n  - id: secondary\n    address: 127.0.0.1@${port}\n    key: ${KEY.name}\n`
    const acl = 'acl:\n  - id: all\n    address: 127.0.0.1\n    action: transfer\n'
    const db = '    file: db\n    zonefile-sync: -1\n    zonefile-load: whole\n'
    const zones = `zone:\n  - domain: example.org\n${db}    notify: secondary\n    acl: all\n`
    await using knot = await Knot.start(`${knotKey}${remotes}${acl}${zones}`, { db: zone(1) })
    const tsig = `tsig {\n ${secretLine(KEY)}\n require_opcode NOTIFY\n}`
    const secondary = `secondary example.org {\n transfer from 127.0.0.1:${knot.port}\n}`
    await using server = new InProcessServer(`.:${port} {\n${tsig}\n${secondary}\n}\n`)
    await server.server.start()
    await server.waitForLine(/Transferred: .* with 1 SOA serial/)
    await writeFile(join(knot.folder, 'db'), zone(2, 2))
    knot.reload('example.org')
    await server.waitForLine(/Transferred: .* with 2 SOA serial/)
    await until(() => knot.lines.some(line => /notify, outgoing.* serial 2$/.test(line)))
  })
})
