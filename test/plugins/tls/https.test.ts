import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2'
import { after, before, suite, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { Authority, hasOpenssl } from '#test/support/certificates.ts'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { reply } from '#test/support/scripts.ts'
import { startServer } from '#test/support/server.ts'
import { startUpstream } from '#test/support/upstream.ts'

const CONTENT_TYPE = 'application/dns-message'
const HOSTS = 'hosts {\n192.0.2.1 web.example.org\nttl 77\n}'

interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Buffer
}

/** @throws where the stream ends without a response */
function fetch(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: Uint8Array): Promise<Response> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers)
    const chunks: Buffer[] = []
    let received: Readonly<Record<string, unknown>> | undefined
    stream.on('response', head => {
      received = head
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', reject)
    stream.on('close', () => {
      if (received) resolve({ status: Number(received[':status']), headers: received, body: Buffer.concat(chunks) })
      else reject(new Error('closed without a response'))
    })
    stream.end(body)
  })
}

const post = (session: ClientHttp2Session, message: Uint8Array, headers: OutgoingHttpHeaders = {}) =>
  fetch(session, { ':method': 'POST', ':path': '/dns-query', 'content-type': CONTENT_TYPE, ...headers }, message)

const get = (session: ClientHttp2Session, path: string) => fetch(session, { ':method': 'GET', ':path': path })

suite('https', { skip: !hasOpenssl() && 'openssl is not on this machine' }, () => {
  let authority: Authority
  before(() => {
    authority = new Authority()
    authority.issue('server', 'IP:127.0.0.1')
    authority.issue('client', 'DNS:client.example.org')
  })
  after(() => authority[Symbol.dispose]())

  const start = (options = '', plugins = HOSTS) =>
    startServer(`https://.:0 {\ntls ${authority.path('server.pem')} ${authority.path('server.key')} ${options}\n${plugins}\n}\n`)

  const open = (port: number, client?: string) =>
    connect(`https://127.0.0.1:${port}`, {
      ca: authority.read('ca.pem'),
      ...(client && { cert: authority.read(`${client}.pem`), key: authority.read(`${client}.key`) }),
    }).on('error', () => {})

  test('a query is asked with POST or GET, and the reply says how long it may be kept', async () => {
    await using server = await start()
    await server.waitForLine(/^https:\/\/\.:\d+$/)
    const session = open(server.port)
    const query = queryMessage('web.example.org', 'A', { id: 0 })
    for (const asked of [post(session, query), get(session, `/dns-query?dns=${Buffer.from(query).toString('base64url')}`)]) {
      const { status, headers, body } = await asked
      assert.deepEqual([status, headers['content-type'], headers['cache-control']], [200, CONTENT_TYPE, 'max-age=77'])
      assert.equal(Number(headers['content-length']), body.length)
      assert.deepEqual(readAnswer(body).answer, ['web.example.org. 77 IN A 192.0.2.1'])
    }
    // What must not be kept says nothing of it.
    const missing = await post(session, queryMessage('missing.example.org', 'A'))
    assert.deepEqual(
      [missing.status, missing.headers['cache-control'], readAnswer(missing.body).rcode],
      [200, undefined, 'SERVFAIL'],
    )
    session.close()
  })

  test('what is no query is refused with the status that says why', async () => {
    await using server = await start()
    const session = open(server.port)
    const query = queryMessage('web.example.org', 'A')
    for (const [title, expected, asked] of [
      ['another path', 404, get(session, '/resolve?name=web.example.org')],
      ['a path that is none', 404, get(session, '//')],
      ['no question', 400, get(session, '/dns-query')],
      ['another method', 405, fetch(session, { ':method': 'PUT', ':path': '/dns-query', 'content-type': CONTENT_TYPE }, query)],
      ['another type', 415, post(session, query, { 'content-type': 'application/dns-json' })],
      ['more than a message', 413, post(session, Buffer.alloc(70_000))],
      ['too little of one', 500, post(session, query.subarray(0, 10))],
    ] as const)
      assert.equal((await asked).status, expected, title)
    assert.equal((await post(session, Buffer.concat([query, Buffer.alloc(10)]))).status, 200)
    session.close()
  })

  test('a hundred queries at a time share a connection, and wait for none of each other', async () => {
    await using server = await start()
    const session = open(server.port)
    const replies = await Promise.all(
      Array.from({ length: 100 }, (_, id) => post(session, queryMessage('web.example.org', 'A', { id }))),
    )
    assert.deepEqual(
      replies.map(({ body }) => body.readUInt16BE(0)),
      Array.from({ length: 100 }, (_, id) => id),
    )
    session.close()
  })

  test('client_auth holds', async () => {
    await using server = await start(`${authority.path('ca.pem')} {\nclient_auth require\n}`)
    const query = queryMessage('web.example.org', 'A')
    const stranger = open(server.port)
    await assert.rejects(post(stranger, query))
    const known = open(server.port, 'client')
    assert.equal((await post(known, query)).status, 200)
    known.close()
  })

  test('who speaks no HTTP/2, or says nothing, is let go of', async () => {
    await using server = await start()
    const ended = (ALPNProtocols: string[], words: string) =>
      new Promise(resolve => {
        const socket = connectTls({ host: '127.0.0.1', port: server.port, ca: authority.read('ca.pem'), ALPNProtocols })
        socket
          .on('error', () => {})
          .on('close', resolve)
          .resume()
        socket.write(words)
      })
    await Promise.all([
      ended(['http/1.1'], 'GET /dns-query HTTP/1.1\r\nHost: x\r\n\r\n'),
      ended(['h2'], 'this is no HTTP/2 at all, whatever was agreed upon'),
      ended([], ''),
    ])
    const session = open(server.port)
    assert.equal((await post(session, queryMessage('web.example.org', 'A'))).status, 200)
    session.close()
  })

  test('who leaves while asking is let go of at once, however many there are', async () => {
    await using server = await start()
    const query = queryMessage('web.example.org', 'A')
    // More than one client may have at a time.
    for (let i = 0; i < 300; i++) {
      const session = open(server.port)
      await once(session, 'connect')
      const asked = post(session, query)
      session.destroy()
      await assert.rejects(asked)
    }
    const session = open(server.port)
    assert.equal((await post(session, query)).status, 200)
    session.close()
  })

  test('SIGTERM: what was asked is answered, then the connection ends', async () => {
    const released = Promise.withResolvers<void>()
    await using upstream = await startUpstream(async question => {
      await released.promise
      return reply(question)
    })
    await using server = await start('', `forward . ${upstream.to}`)
    const session = open(server.port)
    const asked = post(session, queryMessage('web.example.org', 'A'))
    await upstream.saw(1)
    server.signal('SIGTERM')
    await server.waitForLine(/SIGTERM/)
    released.resolve()
    assert.equal((await asked).status, 200)
    const answered = performance.now()
    assert.deepEqual(await server.exited, { code: 0, signal: null })
    assert.ok(performance.now() - answered < 3000, 'nobody was waited for')
  })
})
