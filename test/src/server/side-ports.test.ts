import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { SidePorts } from '#src/server/side-ports.ts'
import { freePort } from '#test/support/ports.ts'

const OK = () => ({ status: 200, body: 'OK' })

/** Status, type and body of a page. */
async function get(url: string): Promise<[status: number, content: string | null, body: string]> {
  const response = await fetch(url)
  return [response.status, response.headers.get('content-type'), await response.text()]
}

/** Side ports, which close with the test at the latest, and an address for them that is free. */
async function free(t: TestContext) {
  const port = await freePort()
  const ports = new SidePorts()
  const serve: SidePorts['serve'] = async (...values) => {
    const release = await ports.serve(...values)
    let released: Promise<void> | undefined
    const releaseOnce = () => {
      released ??= release()
      return released
    }
    t.after(releaseOnce)
    return releaseOnce
  }
  return { ports: { serve }, port, address: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}` }
}

test('a page, whatever stands behind its path; no other', async t => {
  const { ports, address, url } = await free(t)
  const release = await ports.serve(address, '/health', OK)
  assert.deepEqual(await get(`${url}/health`), [200, 'text/plain; charset=utf-8', 'OK'])
  assert.deepEqual(await get(`${url}/health?verbose=1`), [200, 'text/plain; charset=utf-8', 'OK'])
  assert.equal((await get(`${url}/healthy`))[0], 404)
  assert.equal((await get(url))[0], 404)
  await release()
})

test('connections that say nothing keep nobody out', async t => {
  const { ports, port, address, url } = await free(t)
  await ports.serve(address, '/health', OK)
  for (let i = 0; i < 300; i++) {
    const idle = connect(port, '127.0.0.1').on('error', () => {})
    t.after(() => idle.destroy())
    await once(idle, 'connect')
  }
  assert.equal((await get(`${url}/health`))[0], 200)
})

test('a handler may take its time, choose its status and type, and fail', async t => {
  const { ports, address, url } = await free(t)
  const releases = [
    await ports.serve(address, '/ready', async () => ({ status: 503, body: 'mesh', content: 'text/x' })),
    await ports.serve(address, '/broken', () => {
      throw new Error('boom')
    }),
    await ports.serve(address, '/rejected', () => Promise.reject(new Error('boom'))),
  ]
  assert.deepEqual(await get(`${url}/ready`), [503, 'text/x', 'mesh'])
  for (const path of ['/broken', '/rejected']) {
    const [status, , body] = await get(url + path)
    assert.deepEqual([status, body], [500, 'boom\n'])
  }
  for (const release of releases) await release()
})

test('several share an address; it closes when the last of them goes', async t => {
  const { ports, address, url } = await free(t)
  const [health, ready] = await Promise.all([ports.serve(address, '/health', OK), ports.serve(address, '/ready', OK)])
  await health()
  assert.equal((await get(`${url}/health`))[0], 404)
  assert.equal((await get(`${url}/ready`))[0], 200)
  await ready()
  await assert.rejects(fetch(`${url}/ready`))
  const again = await ports.serve(address, '/health', OK)
  assert.equal((await get(`${url}/health`))[0], 200)
  await again()
})

test('a reload hands a page over without a gap: the newest answers', async t => {
  const { ports, address, url } = await free(t)
  const old = await ports.serve(address, '/health', () => ({ status: 200, body: 'old' }))
  const next = await ports.serve(address, '/health', () => ({ status: 200, body: 'new' }))
  assert.equal((await get(`${url}/health`))[2], 'new')
  await old()
  assert.equal((await get(`${url}/health`))[2], 'new')
  await next()
})

test('a reload that fails gives the page back to the one before', async t => {
  const { ports, address, url } = await free(t)
  const old = await ports.serve(address, '/health', () => ({ status: 200, body: 'old' }))
  const next = await ports.serve(address, '/health', () => ({ status: 200, body: 'new' }))
  await next()
  assert.equal((await get(`${url}/health`))[2], 'old')
  await old()
})

test('an address may be all of them, or one of IPv6', async t => {
  const { ports, port } = await free(t)
  const all = await ports.serve(`:${port}`, '/health', OK)
  assert.equal((await get(`http://127.0.0.1:${port}/health`))[0], 200)
  assert.equal((await get(`http://[::1]:${port}/health`))[0], 200)
  await all()
  const six = await ports.serve(`[::1]:${port}`, '/health', OK)
  assert.equal((await get(`http://[::1]:${port}/health`))[0], 200)
  await assert.rejects(fetch(`http://127.0.0.1:${port}/health`))
  await six()
})

test('a port that is taken is an error, and may be tried again', async t => {
  const { ports, port, address } = await free(t)
  await using holder = createServer().listen(port, '127.0.0.1')
  await once(holder, 'listening')
  await assert.rejects(ports.serve(address, '/health', OK), { code: 'EADDRINUSE' })
  holder.close()
  await once(holder, 'close')
  const release = await ports.serve(address, '/health', OK)
  await release()
})

/** What comes back for bytes that no client library would send. */
async function raw(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.end(request)
  return await text(socket)
}

for (const [name, request, status] of [
  ['a path of two slashes', 'GET // HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 404],
  ['a whole URL that is broken', 'GET http://[/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 404],
  ['an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 404],
  ['a name of Object.prototype', 'GET /__proto__ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 404],
  ['no HTTP', '\0\x01\x02\r\n\r\n', 400],
] as const) {
  test(`${name} is answered`, { timeout: 5000 }, async t => {
    const { ports, port, address } = await free(t)
    const release = await ports.serve(address, '/health', OK)
    assert.match(await raw(port, request), new RegExp(`^HTTP/1.1 ${status} `))
    await release()
  })
}

test('a client in the middle of a request does not keep the port from closing', { timeout: 5000 }, async t => {
  const { ports, port, address } = await free(t)
  const release = await ports.serve(address, '/health', OK)
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET /health HTTP/1.1\r\n')
  // By the time this other request is answered, that one has been read.
  await get(`http://${address}/health`)
  await release()
  socket.destroy()
})
