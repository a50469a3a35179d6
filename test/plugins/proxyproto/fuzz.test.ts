import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { parse } from '#plugins/proxyproto/options.ts'
import { ProxyProtocol } from '#plugins/proxyproto/proxy-protocol.ts'
import type { Client } from '#src/dns/query.ts'
import { directiveOf } from '#test/support/directive.ts'
import { Random, SEED } from '#test/support/random.ts'
import { HEADERS } from './headers.ts'

const PEER: Client = { address: '127.0.0.1', port: 4000, family: 4 }
const LISTENER = { label: 'dns://:53', address: '', port: 53 }
const MANY = 200_000

/** A header of which octets are others, missing or there besides, with something behind it. */
function mutate(random: Random): Buffer {
  let octets = Buffer.concat([random.one(...Object.values(HEADERS)).subarray(0, 300), Buffer.alloc(random.below(40), 7)])
  for (let changes = random.below(5); changes > 0 && octets.length > 0; changes--) {
    const at = random.below(octets.length)
    const kind = random.below(4)
    if (kind === 0) octets = octets.subarray(0, at)
    else if (kind === 1) octets = Buffer.concat([octets.subarray(0, at), octets.subarray(at + 1)])
    else octets[at] = random.below(256)
  }
  return octets
}

test(`what no proxy sends, SEED=${SEED}`, async () => {
  const random = new Random(SEED)
  const options = parse(directiveOf('proxyproto {\nudp_session_tracking 1m 100\ntlv_metadata\n}'))
  const protocol = new ProxyProtocol(options, pino({ level: 'silent' }))
  for (let n = 0; n < MANY; n++) {
    const octets = mutate(random)
    const told = () => `${octets.toString('hex')}, SEED=${SEED}`
    const inside = protocol.datagram(octets, PEER, LISTENER)
    if (inside) assert.ok(octets.subarray(octets.length - inside.message.length).equals(inside.message), told())
    const whole = protocol.beginning(octets, PEER)
    assert.ok(whole === undefined || whole.length <= octets.length, told())
    // What a piece of it decides is what all of it decides.
    const begun = protocol.beginning(octets.subarray(0, random.below(octets.length + 1)), PEER)
    if (begun) assert.deepEqual(begun, whole, told())
  }
  await protocol.stop()
})
