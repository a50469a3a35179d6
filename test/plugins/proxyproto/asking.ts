/** Asks *whoami*, with octets in front of the query, who it takes the client for. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { queryMessage, readMessage } from '#test/support/message.ts'
import { until } from '#test/support/waiting.ts'

/** The id of queries that tell that what was sent before has been read. */
const END = 0xffff

/** `192.0.2.1 4242 _udp`; `itself` for the socket's own address and port; undefined for no reply. */
export type Told = string | undefined

const message = (id: number) => queryMessage('example.org', 'A', { id })

/** Who a reply is for; 'nobody' where it is none of *whoami*, or CoreDNS took a path for an address. */
function tellOf(reply: Buffer, own: number): string {
  try {
    const { additional } = readMessage(reply)
    const address = additional[0]!.split(' ').at(-1)!
    const [service, , , , , , port] = additional[1]!.split(' ')
    return `${Number(port) === own ? 'itself' : `${address} ${port}`} ${service!.split('.')[0]!}`
  } catch {
    return 'nobody'
  }
}

/** Datagrams with these headers, one after the other from one socket; queries without one behind them tell that all have been read. */
export async function overUdp(port: number, headers: readonly Uint8Array[], end?: Uint8Array): Promise<Told[]> {
  const socket = createSocket('udp4')
  try {
    socket.connect(port, '127.0.0.1')
    await once(socket, 'connect')
    const own = socket.address().port
    const told: Told[] = headers.map(() => undefined)
    let ended = 0
    socket.on('message', reply => {
      const id = reply.readUInt16BE(0)
      if (id < headers.length) told[id] = tellOf(reply, own)
      else if (id === END) ended++
    })
    for (const [id, header] of headers.entries()) socket.send(Buffer.concat([header, message(id)]))
    const last = Buffer.concat([end ?? Buffer.alloc(0), message(END)])
    let sent = 0
    // CoreDNS answers datagrams side by side: one behind the other, these are answered behind all that is.
    await until(
      () => {
        if (ended === 3) return true
        if (ended === sent) {
          socket.send(last)
          sent++
        }
        return false
      },
      () => once(socket, 'message'),
    )
    return told
  } finally {
    socket.close()
  }
}

/** A connection that begins with a header, and brings a query, in pieces of so many octets; all at once by default. */
export async function overTcp(port: number, header: Uint8Array, size?: number): Promise<Told> {
  const query = message(1)
  const octets = Buffer.concat([header, Buffer.of(0, query.length), query])
  const socket = connect(port, '127.0.0.1')
    .setNoDelay()
    .on('error', () => {})
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const over = new Promise(resolve => socket.once('close', resolve))
  await once(socket, 'connect')
  const own = socket.localPort!
  for (let at = 0; at < octets.length; at += size ?? octets.length) {
    socket.write(octets.subarray(at, at + (size ?? octets.length)))
    if (size !== undefined) await new Promise(resolve => setImmediate(resolve))
  }
  socket.end()
  await over
  const heard = Buffer.concat(chunks)
  return heard.length < 2 ? undefined : tellOf(heard.subarray(2, 2 + heard.readUInt16BE(0)), own)
}
