import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toAddress } from '#src/dns/address.ts'
import { localAddresses } from '#src/feeds/cluster-index/local-addresses.ts'

test('the loopback addresses are left out, and zone indexes are no part of an address', () => {
  const bound = ['127.0.0.1', '::1', '192.0.2.1', '192.0.2.1', 'fe80::1%eth0', '2001:db8::1', '127.9.9.9']
  assert.deepEqual(
    localAddresses(bound).map(address => toAddress(Buffer.from(address, 'latin1'))),
    ['192.0.2.1', 'fe80::1', '2001:db8::1'],
  )
})

test('without addresses to listen on, they are those of the machine', () => {
  for (const address of localAddresses([])) assert.doesNotMatch(toAddress(Buffer.from(address, 'latin1')), /^127\.|^::1$/)
})
