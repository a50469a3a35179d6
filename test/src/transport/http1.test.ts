import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { test } from 'node:test'
import { speakHttp1 } from '#src/transport/http1.ts'
import { Connections, clientOf, STREAM_LIMITS } from '#src/transport/stream.ts'

test('a connection that is to end while its last response is sent closes behind it', async () => {
  const reply = {
    longest: 12,
    write(target: Uint8Array, at: number) {
      // When this turn has handed the response to the connection.
      queueMicrotask(() => spoken.end())
      target.fill(0, at, at + 12)
      target[at + 2] = 0x80
      return at + 12
    },
  }
  const spoken = speakHttp1(
    () => reply,
    () => STREAM_LIMITS,
    new Connections(),
  )
  const server = createServer(socket => spoken.take(socket, clientOf(socket))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  try {
    client.write(`GET /dns-query?dns=${Buffer.alloc(12).toString('base64url')} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
    const [head] = await once(client, 'data')
    assert.match(`${head}`, /^HTTP\/1\.1 200 /)
    client.resume()
    await once(client, 'end', { signal: AbortSignal.timeout(STREAM_LIMITS.idle / 2) })
  } finally {
    client.destroy()
    server.close()
  }
})
