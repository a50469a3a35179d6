import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test } from 'node:test'
import { toOctets } from '#src/dns/address.ts'
import { CLASS } from '#src/dns/codes.ts'
import { answer } from '#src/dns/reply.ts'
import { SectionsBuilder } from '#src/dns/sections.ts'
import { Zones } from '#src/server/zones.ts'
import { type Observer, responder, type Site } from '#src/server.ts'
import { type Outgoing, octetsOf } from '#src/transport/transport.ts'
import { readMessage } from '#test/support/message.ts'
import { Random, SEED } from '#test/support/random.ts'
import { startServer } from '#test/support/server.ts'
import { mutate } from './mutation.ts'
import { type Verdict, verdictOn } from './verdict.ts'
import { waysIn } from './ways-in.ts'

const told = (message: Buffer) => `SEED=${SEED}, message ${message.toString('hex')}`

/** Fails unless the reply to `message` is right: sound to its last octet, under the same id, no longer than the client takes, with a right rcode. */
function assertRight(message: Buffer, reply: Uint8Array | undefined, verdict: Verdict): void {
  if (!reply || verdict.length === 0) {
    assert.ok(
      !reply && verdict.length === 0,
      `${reply ? 'a reply' : 'silence'} instead of ${verdict.join(' or ') || 'silence'}: ${told(message)}`,
    )
    return
  }
  const { id, rcode, flags, edns, raw } = readMessage(Buffer.from(reply))
  assert.equal(id, message.readUInt16BE(0), told(message))
  assert.ok(verdict.includes(rcode), `${rcode} instead of ${verdict.join(' or ')}: ${told(message)}`)
  assert.ok(flags.startsWith('qr'), told(message))
  assert.ok(raw.length <= (edns ? 0xffff : 512), `${raw.length} octets without EDNS: ${told(message)}`)
}

test('a million mutations, in this process', t => {
  t.diagnostic(`SEED=${SEED}`)
  const address = toOctets('192.0.2.1')!
  const zones = new Zones()
  zones.set('\0', {
    key: '\0',
    name: '.',
    handler: ({ key }) => answer(new SectionsBuilder(key).address(key, 60, address).build()),
  })
  const site: Site = { label: 'dns://:53', address: '', port: 53, zones }
  const failures: unknown[] = []
  const observer: Observer = { dropped: () => {}, refused: () => {}, failed: error => failures.push(error) }
  const respond = responder(observer)
  const client = { address: '192.0.2.9', port: 4000, family: 4 } as const
  const random = new Random(SEED)
  for (let n = 0; n < 1_000_000; n++) {
    const message = mutate(random)
    const answered = respond(message, client, 'udp', site) as Outgoing | undefined
    const reply = answered && octetsOf(answered)
    assertRight(message, reply, verdictOn(message, ['NOERROR']))
    if (reply) assert.equal(respond(reply, client, 'udp', site), undefined, `a reply to a reply: ${told(message)}`)
    assert.deepEqual(failures, [], told(message))
  }
})

/** Sockets that take turns, so that each of several threads has its share. */
const SOCKETS = 10

for (const { name, args, line } of waysIn) {
  test(`twenty thousand mutations over sockets, ${name}`, async t => {
    t.diagnostic(`SEED=${SEED}`)
    const corefile = `.:0 {
    ${line}
    errors
    hosts /dev/null {
      192.0.2.1 www.example.org __proto__.example.org
    }
    whoami
  }`
    await using server = await startServer(corefile, { args })
    const random = new Random(SEED)
    const replies = new Map<number, Buffer>()
    let arrived = Promise.withResolvers<void>()
    const take = (reply: Buffer) => {
      assert.ok(!replies.has(reply.readUInt16BE(0)), 'one reply for each message')
      replies.set(reply.readUInt16BE(0), reply)
      arrived.resolve()
      arrived = Promise.withResolvers()
    }
    const sockets = Array.from({ length: SOCKETS }, () => createSocket('udp4').on('message', take))
    for (const socket of sockets) {
      socket.connect(server.port, '127.0.0.1')
      await once(socket, 'connect')
    }
    try {
      for (let batch = 0; batch < 200; batch++) {
        const sent = Array.from({ length: 100 }, (_, i) => {
          const message = mutate(random)
          if (message.length >= 2) message.writeUInt16BE(i, 0)
          return { message, verdict: verdictOn(message, ['NOERROR', 'SERVFAIL']) }
        })
        replies.clear()
        for (const { message } of sent) sockets[batch % SOCKETS]!.send(message)
        const owed = sent.filter(({ verdict }) => verdict.length > 0).length
        const late = setTimeout(() => arrived.reject(new Error(`${replies.size} of ${owed} replies came: SEED=${SEED}`)), 5000)
        while (replies.size < owed) await arrived.promise
        clearTimeout(late)
        for (const { message, verdict } of sent)
          assertRight(message, message.length < 2 ? undefined : replies.get(message.readUInt16BE(0)), verdict)
      }
    } finally {
      for (const socket of sockets) socket.close()
    }
    assert.equal((await server.query('www.example.org', 'A', { class: CLASS.IN })).rcode, 'NOERROR')
    assert.deepEqual(server.stderr, [])
    assert.deepEqual(
      server.stdout.filter(line => /panic|exception|rejection|could not be written/.test(line)),
      [],
    )
  })
}
