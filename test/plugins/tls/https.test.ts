import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2'
import { Agent, request } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { Authority, hasOpenssl } from '#test/support/certificates.ts'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { reply } from '#test/support/scripts.ts'
import { startServer } from '#test/support/server.ts'
import { startUpstream } from '#test/support/upstream.ts'

const CONTENT_TYPE = 'application/dns-message'
const HEAD = `POST /dns-query HTTP/1.1\r\nHost: dns\r\nContent-Type: ${CONTENT_TYPE}\r\nContent-Length: 33\r\n`
const HOSTS = 'hosts {\n192.0.2.1 web.example.org\nttl 77\n}'

/** A frame of HTTP/2 (RFC 9113 §4.1). */
function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

const [DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY] = [0, 1, 3, 4, 7]
const BEGINNING = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(SETTINGS, 0, 0)])
const FAREWELL = frame(GOAWAY, 0, 0, Buffer.alloc(8))

/** A request without its body. */
function beginning(stream: number): Buffer {
  const fields = {
    ':method': 'POST',
    ':scheme': 'https',
    ':path': '/dns-query',
    ':authority': 'dns',
    'content-type': CONTENT_TYPE,
  }
  const text = (words: string) => Buffer.concat([Buffer.of(words.length), Buffer.from(words)])
  // Literal fields that are not indexed (RFC 7541 §6.2.2).
  const block = Object.entries(fields).map(([name, value]) => Buffer.concat([Buffer.of(0), text(name), text(value)]))
  return frame(HEADERS, 4, stream, Buffer.concat(block))
}

interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Buffer
}

interface Client {
  /** Rejects where there is no response. */
  ask(method: string, path: string, headers?: Readonly<Record<string, string>>, body?: Uint8Array): Promise<Response>
  close(): void
  /** Whatever is asked. */
  leave(): void
}

interface Identity {
  readonly ca: string
  readonly cert?: string
  readonly key?: string
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

/** All requests over one connection, one after the other. */
function overHttp1(port: number, identity: Identity): Client {
  const agent = new Agent({ ...identity, keepAlive: true, maxSockets: 1, ALPNProtocols: ['http/1.1'] })
  return {
    ask: (method, path, headers = {}, body) =>
      new Promise((resolve, reject) => {
        const asked = request({ host: '127.0.0.1', port, agent, method, path, headers }, async response => {
          const { statusCode, headers } = response
          resolve({ status: statusCode!, headers, body: Buffer.concat(await response.toArray()) })
        })
        asked.on('error', reject).end(body)
      }),
    close: () => agent.destroy(),
    leave: () => agent.destroy(),
  }
}

/** All requests over one connection. */
function overHttp2(port: number, identity: Identity): Client {
  const session = connect(`https://127.0.0.1:${port}`, identity).on('error', () => {})
  return {
    ask: (method, path, headers = {}, body) => fetch(session, { ':method': method, ':path': path, ...headers }, body),
    close: () => session.close(),
    leave: () => session.destroy(),
  }
}

const post = (client: Client, message: Uint8Array, headers: Readonly<Record<string, string>> = {}) =>
  client.ask('POST', '/dns-query', { 'content-type': CONTENT_TYPE, ...headers }, message)

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

  const identity = (client?: string): Identity => ({
    ca: authority.read('ca.pem'),
    ...(client && { cert: authority.read(`${client}.pem`), key: authority.read(`${client}.key`) }),
  })

  for (const [version, connectTo] of [
    ['HTTP/2', overHttp2],
    ['HTTP/1.1', overHttp1],
  ] as const) {
    suite(version, () => {
      const open = (port: number, client?: string) => connectTo(port, identity(client))

      test('a query is asked with POST or GET, and the reply says how long it may be kept', async () => {
        await using server = await start()
        await server.waitForLine(/^https:\/\/\.:\d+$/)
        const client = open(server.port)
        const query = queryMessage('web.example.org', 'A', { id: 0 })
        for (const { status, headers, body } of [
          await post(client, query),
          await client.ask('GET', `/dns-query?dns=${Buffer.from(query).toString('base64url')}`),
        ]) {
          assert.deepEqual([status, headers['content-type'], headers['cache-control']], [200, CONTENT_TYPE, 'max-age=77'])
          assert.equal(Number(headers['content-length']), body.length)
          assert.deepEqual(readAnswer(body).answer, ['web.example.org. 77 IN A 192.0.2.1'])
        }
        // What must not be kept says nothing of it.
        const missing = await post(client, queryMessage('missing.example.org', 'A'))
        assert.deepEqual(
          [missing.status, missing.headers['cache-control'], readAnswer(missing.body).rcode],
          [200, undefined, 'SERVFAIL'],
        )
        client.close()
      })

      test('a denial may be kept for as long as its SOA record says', async () => {
        const soa = 'example.org. 3600 IN SOA ns.example.org. mail.example.org. 1 2 3 4 7'
        await using server = await start('', `template IN A {\nrcode NXDOMAIN\nauthority "${soa}"\n}`)
        const client = open(server.port)
        const { headers } = await post(client, queryMessage('none.example.org', 'A'))
        assert.equal(headers['cache-control'], 'max-age=7')
        client.close()
      })

      test('what is no query is refused with the status that says why', async () => {
        await using server = await start()
        const client = open(server.port)
        const query = queryMessage('web.example.org', 'A')
        for (const [title, expected, ask] of [
          ['another path', 404, () => client.ask('GET', '/resolve?name=web.example.org')],
          ['a path that is none', 404, () => client.ask('GET', '//')],
          ['no question', 400, () => client.ask('GET', '/dns-query')],
          ['two questions', 400, () => client.ask('GET', `/dns-query?${`&dns=${query.toString('base64url')}`.repeat(2)}`)],
          [
            'a question in another code',
            400,
            () => client.ask('GET', `/dns-query?dns=${query.toString('base64url').replace('A', 'A!')}`),
          ],
          ['another method', 405, () => client.ask('PUT', '/dns-query', { 'content-type': CONTENT_TYPE }, query)],
          ['another type', 415, () => post(client, query, { 'content-type': 'application/dns-json' })],
          ['more than a message', 413, () => post(client, Buffer.alloc(70_000))],
          ['too little of one', 400, () => post(client, query.subarray(0, 10))],
        ] as const)
          assert.equal((await ask()).status, expected, title)
        assert.equal((await client.ask('PUT', '/dns-query')).headers.allow, 'GET, POST')
        assert.equal((await post(client, query, { 'content-type': 'Application/DNS-Message; charset=utf-8' })).status, 200)
        assert.equal((await post(client, Buffer.concat([query, Buffer.alloc(10)]))).status, 200)
        client.close()
      })

      test('client_auth holds', async () => {
        await using server = await start(`${authority.path('ca.pem')} {\nclient_auth require\n}`)
        const query = queryMessage('web.example.org', 'A')
        const stranger = open(server.port)
        await assert.rejects(post(stranger, query))
        const known = open(server.port, 'client')
        assert.equal((await post(known, query)).status, 200)
        known.close()
        stranger.close()
      })

      test('SIGTERM: what was asked is answered, then the connection ends', async () => {
        const released = Promise.withResolvers<void>()
        await using upstream = await startUpstream(async question => {
          await released.promise
          return reply(question)
        })
        await using server = await start('', `${HOSTS.replace('\n}', '\nfallthrough\n}')}\nforward . ${upstream.to}`)
        const idle = open(server.port)
        assert.equal((await post(idle, queryMessage('web.example.org', 'A'))).status, 200)
        const client = open(server.port)
        const asked = post(client, queryMessage('www.example.org', 'A'))
        await upstream.saw(1)
        server.signal('SIGTERM')
        await server.waitForLine(/SIGTERM/)
        released.resolve()
        assert.equal((await asked).status, 200)
        const answered = performance.now()
        assert.deepEqual(await server.exited, { code: 0, signal: null })
        assert.ok(performance.now() - answered < 3000, 'nobody was waited for')
        for (const each of [idle, client]) each.close()
      })

      test('who leaves while asking is let go of at once, however many there are', async () => {
        await using upstream = await startUpstream(() => new Promise(() => {}))
        await using server = await start('', `${HOSTS.replace('\n}', '\nfallthrough\n}')}\nforward . ${upstream.to}`)
        // More than one client may have at a time.
        for (let i = 0; i < 300; i++) {
          const client = open(server.port)
          const asked = assert.rejects(post(client, queryMessage(`${i}.example.org`, 'A')))
          await upstream.saw(i + 1)
          client.leave()
          await asked
        }
        const client = open(server.port)
        assert.equal((await post(client, queryMessage('web.example.org', 'A'))).status, 200)
        client.close()
      })
    })
  }

  test('a hundred queries at a time share a connection of HTTP/2, and wait for none of each other', async () => {
    await using server = await start()
    const client = overHttp2(server.port, identity())
    const replies = await Promise.all(
      Array.from({ length: 100 }, (_, id) => post(client, queryMessage('web.example.org', 'A', { id }))),
    )
    assert.deepEqual(
      replies.map(({ body }) => body.readUInt16BE(0)),
      Array.from({ length: 100 }, (_, id) => id),
    )
    client.close()
  })

  test('what was asked over HTTP/2 before a client says that it leaves is answered', async () => {
    const released = Promise.withResolvers<void>()
    await using upstream = await startUpstream(async question => {
      await released.promise
      return reply(question)
    })
    await using server = await start('', `forward . ${upstream.to}`)
    const client = overHttp2(server.port, identity())
    const asked = post(client, queryMessage('www.example.org', 'A'))
    await upstream.saw(1)
    client.close()
    await setTimeout(50)
    released.resolve()
    assert.equal((await asked).status, 200)
  })

  /** A connection that says what it is told to; its socket, and what came when it has ended. */
  const speak = async (port: number, ALPNProtocols: string[]): Promise<[socket: TLSSocket, heard: Promise<string>]> => {
    const socket = connectTls({ host: '127.0.0.1', port, ...identity(), ALPNProtocols }).on('error', () => {})
    await once(socket, 'secureConnect')
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    return [socket, once(socket, 'close').then(() => Buffer.concat(chunks).toString('latin1'))]
  }

  const ask = (id: number, name = 'web.example.org') =>
    `GET /dns-query?dns=${Buffer.from(queryMessage(name, 'A', { id })).toString('base64url')} HTTP/1.1\r\nHost: dns\r\n\r\n`

  for (const code of [0, 8])
    test(`who takes a request of HTTP/2 back with code ${code}, and leaves, is let go of`, async () => {
      const released = Promise.withResolvers<void>()
      await using upstream = await startUpstream(async question => {
        await released.promise
        return reply(question)
      })
      await using server = await start('', `forward . ${upstream.to}`)
      const [socket] = await speak(server.port, ['h2'])
      const ended = once(socket, 'close', { signal: AbortSignal.timeout(30_000) })
      socket.write(Buffer.concat([BEGINNING, beginning(1), frame(DATA, 1, 1, queryMessage('www.example.org', 'A'))]))
      await upstream.saw(1)
      socket.write(Buffer.concat([frame(RST_STREAM, 0, 1, Buffer.of(0, 0, 0, code)), FAREWELL]))
      await setTimeout(50)
      released.resolve()
      await ended
    })

  test('requests of HTTP/1.1 that come at once are answered in their order', async () => {
    await using upstream = await startUpstream(async question => {
      await setTimeout(50)
      return reply(question)
    })
    await using server = await start('', `${HOSTS.replace('\n}', '\nfallthrough\n}')}\nforward . ${upstream.to}`)
    const [socket, heard] = await speak(server.port, ['http/1.1'])
    socket.write(ask(0x4141, 'www.example.org') + ask(0x4242) + ask(0x4343).replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    const responses = (await heard).split('HTTP/1.1 200 OK').slice(1)
    assert.deepEqual(
      responses.map(response => response.split('\r\n\r\n')[1]!.slice(0, 2)),
      ['AA', 'BB', 'CC'],
    )
  })

  test('SIGTERM: all requests of HTTP/1.1 that have come are answered', async () => {
    const released = Promise.withResolvers<void>()
    await using upstream = await startUpstream(async question => {
      await released.promise
      return reply(question)
    })
    await using server = await start('', `${HOSTS.replace('\n}', '\nfallthrough\n}')}\nforward . ${upstream.to}`)
    const [socket, heard] = await speak(server.port, ['http/1.1'])
    socket.write(ask(0x4141, 'www.example.org') + ask(0x4242, 'www2.example.org') + ask(0x4343))
    await upstream.saw(2)
    server.signal('SIGTERM')
    await server.waitForLine(/SIGTERM/)
    await setTimeout(200)
    released.resolve()
    const responses = (await heard).split('HTTP/1.1 200 OK').slice(1)
    assert.deepEqual(
      responses.map(response => response.split('\r\n\r\n')[1]!.slice(0, 2)),
      ['AA', 'BB', 'CC'],
    )
  })

  test('a response of HTTP/1.1 that waits for the one before is not one that nobody reads', async () => {
    await using upstream = await startUpstream(async question => {
      await setTimeout(2000)
      return reply(question)
    })
    await using server = await start(
      '',
      `timeouts {\nwrite 1s\nidle 1s\n}\n${HOSTS.replace('\n}', '\nfallthrough\n}')}\nforward . ${upstream.to}`,
    )
    const [socket, heard] = await speak(server.port, ['http/1.1'])
    socket.write(ask(0x4141, 'www.example.org') + ask(0x4242))
    assert.equal((await heard).split('HTTP/1.1 200 OK').length, 3)
  })

  test('who sends more requests at once than may be in flight is let go of', async () => {
    await using upstream = await startUpstream(() => new Promise(() => {}))
    await using server = await start('', `forward . ${upstream.to}`)
    const [socket, heard] = await speak(server.port, ['http/1.1'])
    socket.write(Array.from({ length: 101 }, (_, id) => ask(id)).join(''))
    assert.equal(await heard, '')
  })

  for (const [title, timeouts, cases] of [
    [
      'who speaks no HTTP, or says nothing, is let go of',
      'idle 1s',
      [
        [['h2'], 'this is no HTTP/2 at all, whatever was agreed upon', /^/, 0],
        [['http/1.1'], 'nor is this\r\n\r\n', /^HTTP\/1.1 400 /, 0],
        [['http/1.1'], HEAD, /^$/, 1],
        [['http/1.1'], ask(1), /^HTTP\/1.1 200 /, 1],
        [['h2'], '', /^/, 1],
        [[], '', /^$/, 1],
      ],
    ],
    [
      'who stops in the midst of a message is let go of',
      'read 1s\nidle 1m',
      [
        [['http/1.1'], `${HEAD}\r\n`, /^$/, 1],
        [['http/1.1'], `${HEAD}\r\n0123456789`, /^$/, 1],
        [['http/1.1'], `${ask(1)}${HEAD}\r\n0123456789`, /^HTTP\/1.1 200 /, 1],
      ],
    ],
  ] as const)
    test(title, async () => {
      await using server = await start('', `timeouts {\n${timeouts}\n}\n${HOSTS}`)
      await Promise.all(
        cases.map(async ([protocols, words, told, least]) => {
          const since = performance.now()
          const [socket, heard] = await speak(server.port, [...protocols])
          socket.write(words)
          assert.match(await heard, told)
          const seconds = (performance.now() - since) / 1000
          assert.ok(seconds > least - 0.05 && seconds < 30, `${words}: ${seconds}`)
        }),
      )
      const client = overHttp1(server.port, identity())
      assert.equal((await post(client, queryMessage('web.example.org', 'A'))).status, 200)
      client.close()
    })

  test('who sends a request octet by octet does not start its time anew', async t => {
    await using server = await start('', `timeouts {\nidle 1s\n}\n${HOSTS}`)
    const [socket, heard] = await speak(server.port, ['http/1.1'])
    const octets = Array.from(ask(1))
    const sending = setInterval(() => socket.write(octets.shift() ?? ''), 20)
    t.after(() => clearInterval(sending))
    // An octet that was on its way is met with a reset.
    assert.equal(await heard.catch(() => ''), '')
    assert.notEqual(octets.length, 0)
  })

  for (const [title, frames] of [
    ['has said that it leaves', [FAREWELL]],
    ['has said so in the midst of a request', [beginning(1), FAREWELL]],
    ['has said so there, and then what nobody may', [beginning(1), FAREWELL, frame(SETTINGS, 0, 99)]],
  ] as const)
    test(`SIGTERM: a client of HTTP/2 that ${title}, and stays, is not waited for`, async () => {
      await using server = await start('', `timeouts {\nread 1s\n}\n${HOSTS}`)
      const socket = connectTcp({ host: '127.0.0.1', port: server.port, allowHalfOpen: true }).on('error', () => {})
      const client = connectTls({ socket, host: '127.0.0.1', ...identity(), ALPNProtocols: ['h2'] }).on('error', () => {})
      await once(client, 'secureConnect')
      client.resume().write(Buffer.concat([BEGINNING, ...frames]))
      await once(client, 'data')
      const since = performance.now()
      server.signal('SIGTERM')
      assert.deepEqual(await server.exited, { code: 0, signal: null })
      const milliseconds = performance.now() - since
      socket.destroy()
      assert.ok(milliseconds < 4500, `${milliseconds}`)
    })
})
