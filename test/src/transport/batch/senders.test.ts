import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ring } from '#src/transport/batch/ring.ts'
import { Senders } from '#src/transport/batch/senders.ts'

const ring = new Ring(() => 0n)
const senders = new Senders(ring)

/** Writes a sockaddr as the kernel does and reads it. */
function client(...octets: number[]) {
  const at = ring.sender(0)
  ring.octets.fill(0, at * 4, at * 4 + 28)
  ring.octets.set(octets, at * 4)
  return senders.client(at)
}

test('IPv4', () => {
  assert.deepEqual(client(2, 0, 0xd4, 0x31, 192, 0, 2, 255), { address: '192.0.2.255', port: 54_321, family: 4 })
  assert.deepEqual(client(2, 0, 0, 53, 255, 255, 255, 255), { address: '255.255.255.255', port: 53, family: 4 })
  assert.deepEqual(client(2, 0, 0xff, 0xff, 0, 0, 0, 0), { address: '0.0.0.0', port: 65_535, family: 4 })
})

test('IPv6, without zone index', () => {
  const documentation = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff]
  assert.deepEqual(client(10, 0, 0xd4, 0x31, 0, 0, 0, 0, ...documentation), { address: '2001:db8::ff', port: 54_321, family: 6 })
  assert.equal(client(10, 0, 0, 1, 0, 0, 0, 0, 0xfe, 0x80, ...Array(13).fill(0), 1, 3, 0, 0, 0).address, 'fe80::1')
  assert.equal(client(10, 0, 0, 1, 9, 9, 9, 9, ...Array(15).fill(0), 1).address, '::1')
})

test('more senders than are remembered', () => {
  for (const round of [0, 1]) {
    for (let i = 0; i < 10_000; i++) {
      assert.equal(client(2, 0, 0, round, 10, 0, i >> 8, i & 255).address, `10.0.${i >> 8}.${i & 255}`)
      assert.equal(
        client(10, 0, 0, round, 0, 0, 0, 0, ...Array(13).fill(255), 1, i >> 8, i & 255).address.slice(0, 19),
        'ffff:ffff:ffff:ffff',
      )
    }
  }
})
