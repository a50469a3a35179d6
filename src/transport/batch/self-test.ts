import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import type { Client } from '../../dns/query.ts'
import { familyMissing, type PeerSocket, written } from '../transport.ts'
import { listenBatch } from './listener.ts'
import { type Native, openNative } from './native.ts'
import { BatchPeers } from './peers.ts'

/** More than a batch, from nothing to more than is read, two of most lengths, the longer ones first; in all less than any receive buffer holds. */
const SIZES = [0, 1, 512, 4096, 5000, ...Array.from({ length: 80 }, (_, i) => 51 - (i >> 1))]
const READ = 4096

/** Milliseconds. */
const PATIENCE = 1000

/**
 * Sends datagrams through *dgram*, and through a connected socket in batches, to a socket that answers in batches at all addresses, in each family that
 * the machine has, and compares what arrives where and from whom: layouts, constants, the watch of the event loop.
 * @throws {Error} that says what went wrong
 */
export async function selfTest(native: Native = openNative()): Promise<void> {
  for (const [any, address] of [
    ['0.0.0.0', '127.0.0.1'],
    ['::', '::1'],
  ] as const) {
    try {
      await echo(native, any, address)
    } catch (error) {
      if (!familyMissing(error)) throw error
    }
  }
}

async function echo(native: Native, any: string, address: string): Promise<void> {
  const clients: Client[] = []
  const { promise: failed, reject } = Promise.withResolvers<never>()
  failed.catch(() => {})
  const watched = { ...native, raise: reject }
  // Ended without waiting for what it owes: it may never be through where something is wrong.
  using listener = await listenBatch(
    any,
    0,
    (message, client) => {
      clients.push(client)
      return written(Buffer.concat([message, Buffer.of(message.length & 255)]))
    },
    { native: watched },
  )
  const family = isIPv6(address) ? 6 : 4
  await using socket = createSocket(`udp${family}`)
  socket.bind(0, address)
  await once(socket, 'listening')
  socket.on('error', reject)
  const complete = async (longest: number, receive: (take: (reply: Buffer) => void) => (datagram: Buffer) => void) => {
    const missing = new Set(SIZES.map((size, i) => expected(size, i).toString('latin1', 0, longest)))
    const { promise: answered, resolve } = Promise.withResolvers<void>()
    const late = setTimeout(resolve, PATIENCE)
    const send = receive(reply => {
      missing.delete(reply.toString('latin1'))
      if (missing.size === 0) resolve()
    })
    try {
      for (const [i, size] of SIZES.entries()) send(Buffer.alloc(size, i))
      await Promise.race([answered, failed])
    } finally {
      clearTimeout(late)
    }
    if (missing.size > 0)
      throw new Error(`${missing.size} of ${SIZES.length} datagrams to ${address} came back wrong or not at all`)
  }
  await complete(READ + 1, take => {
    socket.on('message', take)
    return datagram => socket.send(datagram, listener.port, address)
  })
  const { port } = socket.address()
  const stranger = clients.find(client => client.address !== address || client.port !== port || client.family !== family)
  if (stranger) throw new Error(`a datagram from ${address}:${port} seemed to come from ${stranger.address}:${stranger.port}`)
  let peer: PeerSocket | undefined
  try {
    await complete(READ, received => {
      const { connect } = new BatchPeers(watched)
      peer = connect({ address, port: listener.port }, { received, failed: reject })
      return datagram => peer!.send(written(datagram))
    })
  } finally {
    peer?.close()
  }
}

const expected = (size: number, fill: number): Buffer => {
  const read = Math.min(size, READ)
  return Buffer.concat([Buffer.alloc(read, fill), Buffer.of(read & 255)])
}
