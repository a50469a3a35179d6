/** `https://` without *tls*: DNS over HTTP in the clear, for proxies that end TLS. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { startServer } from '#test/support/server.ts'

const HOSTS = 'hosts {\n192.0.2.1 web.example.org\n}'
const BLOCK = `https://.:0 {\n${HOSTS}\n}\n`
const QUERY = queryMessage('web.example.org', 'A')
const CONTENT_TYPE = 'application/dns-message'
const LATE = () => AbortSignal.timeout(30_000)

const addressIn = (body: Uint8Array): string | undefined => readAnswer(Buffer.from(body)).answer[0]?.split(' ').at(-1)

test('HTTP/1.1, several requests over one connection', async () => {
  await using server = await startServer(BLOCK)
  await server.waitForLine(/^\[WARNING\] https:\/\/:\d+ answers in the clear: its server block has no tls$/)
  const url = `http://127.0.0.1:${server.port}/dns-query`
  for (const request of [
    new Request(url, { method: 'POST', headers: { 'content-type': CONTENT_TYPE }, body: QUERY }),
    new Request(`${url}?dns=${QUERY.toString('base64url')}`),
  ]) {
    const response = await fetch(request, { signal: LATE() })
    assert.equal(response.headers.get('content-type'), CONTENT_TYPE)
    assert.equal(addressIn(await response.bytes()), '192.0.2.1')
  }
})

test('HTTP/2 without an upgrade', async () => {
  await using server = await startServer(BLOCK)
  const session = connect(`http://127.0.0.1:${server.port}`)
  try {
    const ask = async () => {
      const stream = session.request(
        { ':method': 'POST', ':path': '/dns-query', 'content-type': CONTENT_TYPE },
        { signal: LATE() },
      )
      stream.end(QUERY)
      return Buffer.concat(await Array.fromAsync<Buffer>(stream))
    }
    for (const body of await Promise.all([ask(), ask(), ask()])) assert.equal(addressIn(body), '192.0.2.1')
  } finally {
    session.destroy()
  }
})

test('a head that comes octet by octet, and one that does not come', async () => {
  await using server = await startServer(`https://.:0 {\ntimeouts {\nread 1s\n}\n${HOSTS}\n}\n`)
  for (const [beginning, reply] of [
    [`GET /dns-query?dns=${QUERY.toString('base64url')} HTTP/1.1\r\nHost: dns\r\n\r\n`, 'HTTP/1.1 200 OK\r\n'],
    // With a frame of SETTINGS, which is what comes back.
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', '\0\0'],
  ] as const) {
    const slow = connectTcp(server.port, '127.0.0.1').setNoDelay(true)
    await once(slow, 'connect')
    for (const [i, octet] of [...beginning].entries()) {
      slow.write(octet)
      // The first ones tell what it is: they are to be read one by one.
      await setTimeout(i < 3 ? 50 : 1)
    }
    const [head] = await once(slow, 'data', { signal: LATE() })
    assert.ok(String(head).startsWith(reply), String(head))
    slow.destroy()
  }
  for (const beginning of ['', 'G', 'PR']) {
    const socket = connectTcp(server.port, '127.0.0.1').resume()
    socket.write(beginning)
    await once(socket, 'close', { signal: LATE() })
  }
})

test('SIGTERM ends connections that have said nothing', async () => {
  await using server = await startServer(BLOCK)
  const socket = connectTcp(server.port, '127.0.0.1').resume()
  await once(socket, 'connect')
  assert.equal((await fetch(`http://127.0.0.1:${server.port}/`, { signal: LATE() })).status, 404)
  server.signal('SIGTERM')
  await once(socket, 'close', { signal: LATE() })
  assert.deepEqual(await server.exited, { code: 0, signal: null })
})
