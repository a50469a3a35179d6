import { randomBytes, randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { on, once } from 'node:events'
import { isIPv6 } from 'node:net'
import { TYPE } from '#src/dns/codes.ts'
import { keyOf, toKey } from '#src/dns/name.ts'
import { writeQuery } from '#src/dns/query.ts'
import type { Listener } from '#src/plugin.ts'

/** In milliseconds. */
const TIMEOUT = 2000

/** A name below `zone` that nobody can guess, as key: who knew it could make us believe in a loop (CVE-2026-26018). */
export function probeName(zone: string): string {
  const label = () => (randomBytes(8).readBigUInt64BE() >> 2n).toString()
  return keyOf([label(), label()], toKey(zone))
}

/** Asks `listener` for HINFO of `key` over UDP. Resolves to the rcode of the answer; undefined where none came in time. */
export async function ask({ address, port }: Listener, key: string, stopped: AbortSignal): Promise<number | undefined> {
  const host = loopback(address)
  const id = randomInt(65536)
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(TIMEOUT)])
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4').unref()
  try {
    socket.connect(port, host)
    await once(socket, 'connect', { signal })
    socket.send(writeQuery(key, TYPE.HINFO, { id }))
    for await (const [reply] of on(socket, 'message', { signal })) {
      if (reply.length >= 12 && reply.readUInt16BE(0) === id) return reply[3] & 15
    }
  } catch (error) {
    if (stopped.aborted) throw error
  } finally {
    socket.close()
  }
  return undefined
}

/** An address where what listens on `address` is reached; all addresses are reached on the loopback interface. */
function loopback(address: string): string {
  if (address === '' || address === '0.0.0.0') return '127.0.0.1'
  return address === '::' ? '::1' : address
}
