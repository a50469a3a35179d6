import assert from 'node:assert/strict'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { notification, startPrimary } from '#test/plugins/secondary/primary.ts'
import { serve as serveFiles, zone } from '#test/plugins/transfer/serving.ts'
import { askTcp, askUdp, TcpClient } from '#test/support/client.ts'
import { Collector } from '#test/support/dnstap.ts'
import { InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { type Answer, type EdnsOptions, optRecord, type QueryOptions, queryMessage, readMessage } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { Random, SEED } from '#test/support/random.ts'
import { zone as records } from '#test/support/scripts.ts'
import { isSigned, type Key, secretLine, sign, signatureOf, withRecord } from '#test/support/tsig.ts'
import { startUpstream } from '#test/support/upstream.ts'
import { ixfrMessage } from '#test/support/zone-transfer.ts'

const KEY: Key = { name: 'key.example.', secret: Buffer.from('a secret of some octets') }
const OTHER: Key = { name: 'other.example.', secret: Buffer.from('another secret') }
const NAME = 'www.example.org.'
const HOSTS = `hosts /dev/null {\n 192.0.2.1 ${NAME} www.example.net\n}`
const ADDRESS = `${NAME} 3600 IN A 192.0.2.1`

/** Lines of a block with the key. */
const keyed = (options = '', zones = '') => `tsig ${zones} {\n ${secretLine(KEY)}\n ${options}\n}`

/** A message with OPT alone. */
function withoutQuestion(edns: EdnsOptions): Buffer {
  const header = queryMessage('.', 'A', { edns: true }).subarray(0, 12)
  header.writeUInt16BE(0, 4)
  return Buffer.concat([header, optRecord(edns)])
}

/** What comes back to a signed query: what its signature says, whether that is right, and the reply without it. */
interface Judged {
  reply: Answer
  error: number
  right: boolean
  signature: ReturnType<typeof signatureOf>
}

function judge(raw: Buffer, query: Buffer, key: Key): Judged {
  const signature = signatureOf(raw)
  const right = isSigned(raw, key, signatureOf(query).mac)
  return { reply: readMessage(signature.unsigned), error: signature.error, right, signature }
}

async function ask(
  { port }: { port: number },
  key: Key = KEY,
  said: Parameters<typeof sign>[2] = {},
  message = queryMessage(NAME, 'A', { edns: true }),
): Promise<Judged> {
  const query = sign(message, key, said)
  return judge(await askUdp(query, { port }), query, key)
}

suite('a signed query', () => {
  for (const hash of ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'])
    test(`with hmac-${hash} is answered, and the answer is signed`, async () => {
      await using server = await startInProcess(`${keyed('require all')}\n${HOSTS}`)
      const key = { ...KEY, algorithm: `hmac-${hash}.` }
      for (const edns of [undefined, true] as const) {
        const { reply, error, right, signature } = await ask(server, key, {}, queryMessage(NAME, 'A', { edns, id: 77 }))
        assert.deepEqual([reply.rcode, reply.answer, reply.additional, error, right], ['NOERROR', [ADDRESS], [], 0, true])
        assert.deepEqual([reply.edns !== undefined, signature.id, signature.fudge], [edns === true, 77, 300])
      }
    })

  test('is that of the key and the algorithm, however their names are written', async () => {
    await using server = await startInProcess(`${keyed('require all')}\n${HOSTS}`)
    const key = { ...KEY, name: 'KEY.Example.', algorithm: 'HMAC-SHA256.' }
    const { reply, right } = await ask(server, key)
    assert.deepEqual([reply.rcode, right], ['NOERROR', true])
  })

  test('may have got another id on its way', async () => {
    await using server = await startInProcess(`${keyed()}\n${HOSTS}`)
    const { reply, right } = await ask(server, KEY, { id: 5 }, queryMessage(NAME, 'A', { id: 6 }))
    assert.deepEqual([reply.rcode, reply.id, right], ['NOERROR', 6, true])
  })

  test('may be as old as it says', async () => {
    await using server = await startInProcess(`${keyed()}\n${HOSTS}`)
    const now = Math.floor(Date.now() / 1000)
    for (const time of [now - 500, now + 500]) assert.equal((await ask(server, KEY, { time, fudge: 600 })).error, 0)
  })

  test('gets a signed answer from whichever plugin', async () => {
    await using server = await startInProcess(`any\nchaos\n${keyed('require all')}\n${HOSTS}`)
    for (const message of [queryMessage(NAME, 'ANY'), queryMessage('version.bind.', 'TXT', { class: 3 })]) {
      const { reply, right } = await ask(server, KEY, {}, message)
      assert.deepEqual([reply.rcode, reply.answer.length, right], ['NOERROR', 1, true])
    }
  })

  for (const [what, message, rcode] of [
    ['of another version of EDNS', queryMessage(NAME, 'A', { edns: { version: 1 } }), 'BADVERS'],
    ['for a cookie alone', withoutQuestion({ options: [[10, Buffer.from('a cookie')]] }), 'NOERROR'],
  ] as const)
    test(`${what} gets a signed answer, and NOTAUTH where the signature is wrong`, async () => {
      await using server = await startInProcess(`${keyed()}\n${HOSTS}`)
      const { reply, error, right } = await ask(server, KEY, {}, message)
      assert.deepEqual([reply.rcode, error, right], [rcode, 0, true])
      const wrong = await ask(server, { ...KEY, secret: Buffer.from('a guess') }, {}, message)
      assert.deepEqual([wrong.reply.rcode, wrong.error], ['NOTAUTH', 16])
      assert.equal((await ask(server, OTHER, {}, message)).error, 17)
    })

  test('stands for what the server asks itself to answer it', async () => {
    await using server = await startInProcess(`dns64 {\n allow_ipv4\n}\n${keyed('require all')}\n${HOSTS}`)
    const { reply, right } = await ask(server, KEY, {}, queryMessage(NAME, 'AAAA'))
    assert.deepEqual([reply.answer, right], [[`${NAME} 600 IN AAAA 64:ff9b::c000:201`], true])
  })

  test('of many that wait for others gets its own signature', async () => {
    await using upstream = await startUpstream(async asked => {
      await sleep(Math.random() * 20)
      return records(`${asked.name} 60 IN TXT "${asked.name}"`)(asked) as Buffer
    })
    await using server = await startInProcess(
      `${keyed('require all')}\nrewrite name suffix .example.net .example.org\nforward . ${upstream.to}`,
    )
    const asked = Array.from({ length: 200 }, (_, i) => ask(server, i % 2 ? KEY : { ...KEY, algorithm: 'hmac-sha512.' }, {}, queryMessage(`n${i}.example.net.`, 'TXT'))) // biome-ignore format: one line
    for (const [i, { reply, right }] of (await Promise.all(asked)).entries()) {
      assert.deepEqual(reply.answer, [`n${i}.example.net. 60 IN TXT "n${i}.example.org."`])
      assert.ok(right)
    }
    assert.ok(upstream.seen.every(({ message }) => message.readUInt16BE(10) <= 1 && !message.includes('hmac')))
  })

  test('is told to dnstap as it came, and its reply as it went', async () => {
    await using collector = await Collector.start()
    await using server = await startInProcess(`dnstap tcp://127.0.0.1:${collector.port} full\n${keyed()}\n${HOSTS}`)
    const query = sign(queryMessage(NAME, 'A'), KEY)
    const reply = await askUdp(query, server)
    const [asked, told] = await collector.received(2)
    assert.deepEqual(asked!.queryMessage, query)
    assert.deepEqual(told!.responseMessage, reply)
    assert.ok(isSigned(reply, KEY, signatureOf(query).mac))
  })
})

suite('a signature that is not right', () => {
  const now = () => Math.floor(Date.now() / 1000)
  const cases: readonly (readonly [what: string, key: Key, said: Parameters<typeof sign>[2], error: number, signed: boolean])[] =
    [
      ['a key that nobody has', OTHER, {}, 17, false],
      ['another secret', { ...KEY, secret: OTHER.secret }, {}, 16, false],
      ['an algorithm that there is not', KEY, { algorithm: 'hmac-md5.sig-alg.reg.int.' }, 17, false],
      ['a time that is over', KEY, { time: now() - 400 }, 18, true],
      ['a time to come', KEY, { time: now() + 400 }, 18, true],
      ['a time of long ago', KEY, { time: 0, fudge: 65535 }, 18, true],
      ['another secret, at another time', { ...KEY, secret: OTHER.secret }, { time: 0 }, 16, false],
      ['half a MAC', KEY, { size: 16 }, 22, true],
      ['a MAC but for its last octet', KEY, { size: 31 }, 22, true],
      ['half a MAC of another secret', { ...KEY, secret: OTHER.secret }, { size: 16 }, 16, false],
      ['half a MAC at another time', KEY, { size: 16, time: 1 }, 18, true],
      ['ten octets of SHA-1', { ...KEY, algorithm: 'hmac-sha1.' }, { size: 10 }, 22, true],
    ]
  for (const [what, key, said, error, signed] of cases)
    test(what, async () => {
      await using server = await startInProcess(`log\nprometheus localhost:0\n${keyed()}\n${HOSTS}`)
      const before = now()
      for (const carry of [askUdp, askTcp]) {
        const query = sign(queryMessage(NAME, 'A', { edns: true }), key, said)
        const { reply, signature, ...judged } = judge(await carry(query, server), query, key)
        assert.deepEqual([judged.error, judged.right], [error, signed])
        assert.deepEqual([reply.rcode, reply.answer], ['NOTAUTH', []])
        assert.equal(signature.mac.length > 0, signed)
        if (error === 18) {
          assert.equal(signature.time, said?.time)
          assert.ok(signature.other.readUIntBE(0, 6) >= before && signature.other.readUIntBE(0, 6) <= now())
        } else assert.equal(signature.other.length, 0)
      }
      await server.waitForLine(/ NOTAUTH qr/)
      assert.equal(await server.metric('coredns_dns_responses_total', { rcode: 'NOTAUTH' }), 2)
    })

  const query = () => queryMessage(NAME, 'A', { edns: true })
  const twice = () => {
    const signed = sign(queryMessage(NAME, 'A'), KEY)
    return withRecord(signed, signatureOf(signed))
  }
  const inFront = () => {
    const { unsigned, ...signature } = signatureOf(sign(queryMessage(NAME, 'A'), KEY))
    const signed = withRecord(unsigned, signature)
    const opt = Buffer.from([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0])
    signed.writeUInt16BE(2, 10)
    return Buffer.concat([signed, opt])
  }
  const asAnswer = () => {
    const signed = sign(queryMessage(NAME, 'A'), KEY)
    signed.writeUInt16BE(1, 6)
    signed.writeUInt16BE(0, 10)
    return signed
  }
  for (const [what, message] of [
    ['less than half a MAC', () => sign(query(), KEY, { size: 15 })],
    ['less than ten octets of a MAC', () => sign(query(), { ...KEY, algorithm: 'hmac-sha1.' }, { size: 9 })],
    ['no MAC', () => sign(query(), KEY, { size: 0 })],
    ['a MAC that is too long', () => sign(query(), KEY, { size: 33 })],
    ['two', twice],
    ['one in front of another record', inFront],
    ['one among the answers', asAnswer],
  ] as const)
    test(`${what} is malformed`, async () => {
      await using server = await startInProcess(`${keyed()}\n${HOSTS}`)
      const reply = readMessage(await askUdp(message(), server))
      assert.deepEqual([reply.rcode, reply.answer, reply.additional], ['FORMERR', [], []])
    })

  test('of a message that somebody has changed', async () => {
    await using server = await startInProcess(`${keyed()}\n${HOSTS}`)
    const query = sign(queryMessage(NAME, 'A'), KEY)
    query[13]! ^= 0x20
    const { reply, error, signature } = judge(await askUdp(query, server), query, KEY)
    assert.deepEqual([reply.rcode, error, signature.mac.length], ['NOTAUTH', 16, 0])
  })
})

suite('what is to be signed', () => {
  const rcode = async (server: InProcessServer, name: string, type: string, options: QueryOptions = {}) =>
    (await server.query(name, type, options)).rcode

  test('nothing by default', async () => {
    await using server = await startInProcess(`${keyed()}\n${HOSTS}`)
    assert.equal(await rcode(server, NAME, 'A'), 'NOERROR')
    await using other = await startInProcess(`${keyed('require none\nrequire_opcode none')}\n${HOSTS}`)
    assert.equal(await rcode(other, NAME, 'A'), 'NOERROR')
  })

  test('some types, everything, or queries; other names are not asked for it', async () => {
    await using types = await startInProcess(`${keyed('require AAAA\nrequire MX txt')}\n${HOSTS}\nscript`)
    for (const type of ['AAAA', 'MX', 'TXT']) assert.equal(await rcode(types, NAME, type), 'REFUSED')
    assert.equal(await rcode(types, NAME, 'A'), 'NOERROR')
    for (const option of ['require all', 'require_opcode QUERY', 'require_opcode all']) {
      await using server = await startInProcess(`${keyed(option, 'example.org')}\n${HOSTS}\nscript`)
      for (const type of ['A', 'TXT', 'ANY']) assert.equal(await rcode(server, NAME, type), 'REFUSED')
      assert.equal(await rcode(server, 'www.example.net', 'A'), 'NOERROR')
      assert.equal((await ask(server)).reply.rcode, 'NOERROR')
    }
  })

  test('with *debug*, the log tells of what is refused', async () => {
    await using server = await startInProcess(`debug\n${keyed('require A')}\n${HOSTS}`)
    await rcode(server, NAME, 'A')
    await server.waitForLine(/^\[DEBUG\] plugin\/tsig: rejecting 'A' request without TSIG$/)
    await ask(server, OTHER, {}, queryMessage(NAME, 'MX'))
    await server.waitForLine(/^\[DEBUG\] plugin\/tsig: TSIG validation failed: MX BADKEY$/)
  })

  test('notifications, of which the reply is signed', async () => {
    await using primary = await startPrimary()
    const secondary = `secondary example.org {\n transfer from ${primary.to}\n}`
    for (const option of ['require_opcode NOTIFY', 'require SOA', 'require all']) {
      await using server = await startInProcess(`${keyed(option)}\n${secondary}`)
      const fetched = primary.seen.length
      assert.equal(readMessage(await askUdp(notification(), server)).rcode, 'REFUSED')
      const { reply, error } = await ask(server, OTHER, {}, notification())
      assert.deepEqual([reply.rcode, error], ['NOTAUTH', 17])
      assert.equal(primary.seen.length, fetched)
      const told = await ask(server, KEY, {}, notification())
      assert.deepEqual([told.reply.rcode, told.reply.opcode, told.right], ['NOERROR', 4, true])
      await primary.saw(fetched + 1)
    }
    await using server = await startInProcess(`${keyed('require AXFR')}\n${secondary}`)
    assert.equal(readMessage(await askUdp(notification(), server)).rcode, 'NOERROR')
  })
})

suite('where nobody has keys', () => {
  test('outside of the zones, a signature is that of an unknown key', async () => {
    await using server = await startInProcess(`${keyed('', 'example.net')}\n${HOSTS}`)
    const { reply, error, signature } = await ask(server)
    assert.deepEqual([reply.rcode, error, signature.mac.length], ['NOTAUTH', 17, 0])
  })

  test('keys are those of all blocks of a port, in blocks that have the plugin; of two with one name, that of the own block', async () => {
    const port = await freePort()
    const block = (zone: string, options: string) => `${zone}:${port} {\n ${options}\n ${HOSTS}\n}\n`
    const twin = { ...KEY, secret: OTHER.secret }
    const options = (key?: Key) => `tsig {\n require all\n ${key ? secretLine(key) : ''}\n}`
    await using server = new InProcessServer(
      block('example.org', options(KEY)) +
        block('example.net', options(twin)) +
        block('a.example', options()) +
        block('b.example', ''),
    )
    await server.server.start()
    const error = async (zone: string, key: Key) => (await ask({ port }, key, {}, queryMessage(`www.${zone}.`, 'A'))).error
    assert.deepEqual([await error('example.org', KEY), await error('example.org', twin)], [0, 16])
    assert.deepEqual([await error('example.net', KEY), await error('example.net', twin)], [16, 0])
    assert.deepEqual([await error('a.example', OTHER), await error('a.example', twin)], [17, 0])
    assert.equal(await error('b.example', KEY), 17)
  })
})

suite('a reply that is too long', () => {
  const many = `hosts /dev/null {\n${Array.from({ length: 100 }, (_, i) => ` 192.0.2.${i + 1} ${NAME}`).join('\n')}\n}`
  for (const [udpSize, most] of [
    [undefined, 512],
    [512, 512],
    [1232, 1232],
    [1000, 1000],
  ] as const)
    test(`is cut to ${most} octets, its signature among them (${udpSize ? 'EDNS' : 'no EDNS'})`, async () => {
      await using server = await startInProcess(`${keyed()}\n${many}`)
      for (const hash of ['sha1', 'sha512']) {
        const key = { ...KEY, algorithm: `hmac-${hash}.` }
        const query = sign(queryMessage(NAME, 'A', udpSize ? { edns: { udpSize } } : {}), key)
        const raw = await askUdp(query, server)
        const { reply, right } = judge(raw, query, key)
        assert.ok(raw.length <= most && raw.length > most - 16, `${raw.length} octets`)
        assert.deepEqual([reply.rcode, reply.flags, right], ['NOERROR', 'qr aa tc rd', true])
        assert.ok(reply.answer.length > 10)
      }
    })

  test('is whole over TCP', async () => {
    await using server = await startInProcess(`${keyed()}\n${many}`)
    const query = sign(queryMessage(NAME, 'A'), KEY)
    const { reply, right } = judge(await askTcp(query, server), query, KEY)
    assert.deepEqual([reply.answer.length, reply.flags, right], [100, 'qr aa rd', true])
  })

  test('has no EDNS option of *rewrite* in place of its signature', async () => {
    await using server = await startInProcess(`${keyed()}\nrewrite edns0 local set 1 ${'x'.repeat(420)}\nscript`)
    const message = () => queryMessage(NAME, 'A', { edns: { udpSize: 512 } })
    assert.equal(readMessage(await askUdp(message(), server)).edns!.options.size, 1)
    const { reply, right } = await ask(server, KEY, {}, message())
    assert.deepEqual([reply.edns!.options.size, right], [0, true])
  })

  test('with the longest names there are, is signed all the same', async () => {
    const long = (letter: string) => `${`${letter.repeat(63)}.`.repeat(3)}${letter.repeat(61)}.`
    const key = { ...KEY, name: long('k') }
    await using server = await startInProcess(`tsig {\n ${secretLine(key)}\n}\nscript`)
    for (const edns of [undefined, true] as const) {
      const { reply, right } = await ask(server, key, {}, queryMessage(long('q'), 'A', { edns }))
      assert.deepEqual([reply.rcode, right], ['NOERROR', true])
    }
  })
})

test('each of several queries of a connection has a signature of its own, or none', async () => {
  await using server = await startInProcess(`${keyed()}\n${HOSTS}`)
  await using client = new TcpClient(server)
  const queries = Array.from({ length: 20 }, (_, id) => queryMessage(NAME, 'A', { id }))
  const sent = queries.map((query, id) =>
    id % 3 === 2 ? query : sign(query, { ...KEY, secret: id % 3 ? OTHER.secret : KEY.secret }),
  )
  client.send(...sent)
  for (let i = 0; i < sent.length; i++) {
    const raw = (await client.next())!
    const id = raw.readUInt16BE(0)
    if (id % 3 === 2) assert.deepEqual(readMessage(raw).additional, [])
    else if (id % 3 === 1) assert.equal(judge(raw, sent[id]!, KEY).error, 16)
    else assert.ok(judge(raw, sent[id]!, KEY).right)
  }
})

suite('a zone', () => {
  const lines = `${keyed('require AXFR IXFR')}\nfile db example.org\ntransfer example.org {\n to *\n}`

  test('goes to who has signed for it, each message signed behind the one before', async () => {
    await using served = await serveFiles({ db: zone(1, 5000) }, lines)
    await using client = new TcpClient(served)
    // What follows it on the connection is signed for itself.
    for (const type of ['AXFR', 'IXFR']) {
      const message = type === 'AXFR' ? queryMessage('example.org.', 'AXFR') : ixfrMessage('example.org.', 0)
      const query = sign(message, KEY)
      client.send(query)
      let prior = signatureOf(query).mac
      let count = 0
      for (let messages = 0; count < 5004; messages++) {
        const raw = (await client.next())!
        assert.ok(isSigned(raw, KEY, prior, { timesOnly: messages > 0 }), `message ${messages}`)
        const signature = signatureOf(raw)
        prior = signature.mac
        count += readMessage(signature.unsigned).answer.length
        assert.ok(raw.length < 16_384)
      }
    }
    const current = sign(ixfrMessage('example.org.', 1), KEY)
    client.send(current)
    const { reply, right } = judge((await client.next())!, current, KEY)
    assert.deepEqual([reply.answer.length, right], [1, true])
  })

  test('is refused to others', async () => {
    await using served = await serveFiles({ db: zone(1) }, lines)
    const plain = readMessage(await askTcp(queryMessage('example.org.', 'AXFR'), served))
    assert.deepEqual([plain.rcode, plain.answer], ['REFUSED', []])
    const query = sign(queryMessage('example.org.', 'AXFR'), OTHER)
    const { reply, error } = judge(await askTcp(query, served), query, OTHER)
    assert.deepEqual([reply.rcode, reply.answer, error], ['NOTAUTH', [], 17])
    assert.equal((await served.server.query('example.org.', 'SOA')).rcode, 'NOERROR')
  })
})

test('a reload reads the file of keys again', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'tsig-'))
  const file = join(folder.path, 'keys.conf')
  const write = (...keys: Key[]) =>
    writeFile(file, keys.map(({ name, secret }) => `key "${name}" {\n  algorithm hmac-sha256;\n  secret "${secret.toString('base64')}";\n};\n`).join('')) // biome-ignore format: one line
  await write(KEY)
  await using server = await startInProcess(`tsig {\n secrets ${file}\n}\n${HOSTS}`)
  const errors = async () => [(await ask(server, KEY)).error, (await ask(server, OTHER)).error]
  assert.deepEqual(await errors(), [0, 17])
  await write(OTHER)
  await server.server.reload()
  assert.deepEqual(await errors(), [17, 0])
  await writeFile(file, 'key {')
  await assert.rejects(server.server.reload(), /keys\.conf:1 - .*unexpected '\{': expected the name of a key/)
  assert.deepEqual(await errors(), [17, 0])
})

test(`whatever becomes of a signed message on its way, it counts only where its signature is right (seed ${SEED})`, async () => {
  await using server = await startInProcess(`${keyed('require all')}\n${HOSTS}`)
  await using client = new TcpClient(server)
  const random = new Random(SEED)
  const isRight = (message: Buffer) => {
    try {
      const { name, time, fudge, mac } = signatureOf(message)
      const isInTime = Math.abs(Date.now() / 1000 - time) <= fudge
      return name.toLowerCase() === KEY.name && mac.length === 32 && isInTime && isSigned(message, KEY)
    } catch {
      return false
    }
  }
  // What stands behind the last record says nothing.
  const isRightBut = (message: Buffer) => [0, 1, 2, 3].some(behind => isRight(message.subarray(0, message.length - behind)))
  let right = 0
  for (let i = 0; i < 3000; i++) {
    let message = sign(queryMessage(NAME, 'A', { id: 1, edns: random.is(0.5) || undefined }), KEY)
    for (let changes = 1 + random.below(3); changes > 0; changes--) {
      const at = random.below(message.length)
      const kind = random.below(4)
      if (kind === 0) message[at]! ^= 1 << random.below(8)
      else if (kind === 1) message[at] = random.below(256)
      else if (kind === 2) message = Buffer.concat([message.subarray(0, at), Buffer.of(random.below(256)), message.subarray(at)])
      else message = Buffer.concat([message.subarray(0, at), message.subarray(at + 1)])
    }
    client.send(message, queryMessage('last.', 'A', { id: 2 }))
    for (;;) {
      const reply = (await client.next())!
      if (reply.includes('last')) break
      const isAnswered = reply.readUInt16BE(6) > 0
      assert.equal(isAnswered, isRightBut(message), `${message.toString('hex')} is answered with ${reply.toString('hex')}`)
      if (isAnswered) right++
    }
  }
  assert.ok(right > 0)
})
