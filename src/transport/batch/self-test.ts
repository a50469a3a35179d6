import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import type { Client } from '../../dns/query.ts'
import { familyMissing } from '../transport.ts'
import { listenBatch } from './listener.ts'
import { type Native, openNative } from './native.ts'

/** More than a batch, from nothing to more than is read; in all less than any receive buffer holds. */
const SIZES = [0, 1, 512, 4096, 5000, ...Array.from({ length: 80 }, (_, i) => 12 + i)]
const READ = 4096

/** Milliseconds. */
const PATIENCE = 1000

/**
 * Sends datagrams through *dgram* to a socket that answers in batches, in each family that the machine has, and compares what arrives where and
 * from whom: layouts, constants, the watch of the event loop.
 * @throws {Error} that says what went wrong
 */
export async function selfTest(native: Native = openNative()): Promise<void> {
  for (const address of ['127.0.0.1', '::1']) {
    try {
      await echo(native, address)
    } catch (error) {
      if (!familyMissing(error)) throw error
    }
  }
}

async function echo(native: Native, address: string): Promise<void> {
  const clients: Client[] = []
  const { promise: answered, resolve, reject } = Promise.withResolvers<void>()
  // Ended without waiting for what it owes: it may never be through where something is wrong.
  using listener = await listenBatch(
    address,
    0,
    (message, client) => {
      clients.push(client)
      return Buffer.concat([message, Buffer.of(message.length & 255)])
    },
    { native: { ...native, raise: reject } },
  )
  const family = isIPv6(address) ? 6 : 4
  const socket = createSocket(`udp${family}`)
  const late = setTimeout(resolve, PATIENCE)
  try {
    socket.bind(0, address)
    await once(socket, 'listening')
    const { port } = socket.address()
    const missing = new Set(SIZES.map((size, i) => expected(size, i).toString('latin1')))
    socket.on('error', reject)
    socket.on('message', reply => {
      missing.delete(reply.toString('latin1'))
      if (missing.size === 0) resolve()
    })
    for (const [i, size] of SIZES.entries()) socket.send(Buffer.alloc(size, i), listener.port, address)
    await answered
    if (missing.size > 0)
      throw new Error(`${missing.size} of ${SIZES.length} datagrams to ${address} came back wrong or not at all`)
    const stranger = clients.find(client => client.address !== address || client.port !== port || client.family !== family)
    if (stranger) throw new Error(`a datagram from ${address}:${port} seemed to come from ${stranger.address}:${stranger.port}`)
  } finally {
    clearTimeout(late)
    socket.close()
  }
}

const expected = (size: number, fill: number): Buffer => {
  const read = Math.min(size, READ)
  return Buffer.concat([Buffer.alloc(read, fill), Buffer.of(read & 255)])
}
