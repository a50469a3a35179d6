import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { request } from 'node:https'
import { connect, type Socket } from 'node:net'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { Authority, hasOpenssl } from '#test/support/certificates.ts'
import { askTcp, TcpClient } from '#test/support/client.ts'
import { InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { queryMessage, readMessage } from '#test/support/message.ts'
import { startServer } from '#test/support/server.ts'
import { until } from '#test/support/waiting.ts'
import { overTcp, overUdp } from './asking.ts'
import { HEADERS, TCP4, TCP6, UDP6, version1, version2 } from './headers.ts'

const USE = 'proxyproto\nwhoami'
const OF_TCP = version2({ protocol: TCP4 })

test('a connection is of the client that its header names, in whatever pieces it comes', async () => {
  await using server = await startInProcess(USE)
  for (const header of [OF_TCP, version1()])
    for (const size of [undefined, 1, 7, header.length, header.length + 1, header.length + 2])
      assert.equal(await overTcp(server.port, header, size), '192.0.2.1 4242 _tcp', `${size}`)
  assert.equal(await overTcp(server.port, version2({ protocol: TCP6 }), 5), '2001:db8::1 4242 _tcp')
  assert.equal(await overTcp(server.port, HEADERS['4096 octets, TCP']!, 100), '192.0.2.1 4242 _tcp')
  assert.equal(await overTcp(server.port, Buffer.alloc(0), 1), 'itself _tcp')
})

for (const mode of ['batch', 'dgram'])
  test(`each datagram is of the client that its header names, with -udp ${mode}`, async () => {
    await using server = await startServer(`.:0 {\n${USE}\n}\n`, { args: ['-udp', mode] })
    const headers = [version2(), version2({ protocol: UDP6 }), Buffer.alloc(0), OF_TCP, version1(), version2({ port: 1 })]
    const told = ['192.0.2.1 4242 _udp', '2001:db8::1 4242 _udp', 'itself _udp', undefined, undefined, '192.0.2.1 1 _udp']
    assert.deepEqual(await overUdp(server.port, headers), told)
  })

test('plugins see the client: log, acl, view, errors', async () => {
  const block = (zones: string, lines: string) => `${zones} {\nproxyproto {\nallow 127.0.0.0/8\n}\n${lines}\n}\n`
  await using server = new InProcessServer(
    block('.:0', 'log . "{remote} {port} {proto}"\nacl {\nblock net 192.0.2.0/24\n}\nwhoami') +
      block('example.net:0', 'view other {\nexpr client_ip() == \'2001:db8::1\'\n}\nlog . "view {remote}"\nwhoami'),
  )
  await server.server.start()
  await overUdp(server.port, [version2(), version2({ protocol: UDP6 })], version2({ source: '198.51.100.9' }))
  await server.waitForLine(/^\[INFO\] 192\.0\.2\.1 4242 udp$/)
  await server.waitForLine(/^\[INFO\] \[?2001:db8::1\]? 4242 udp$/)
  assert.equal(await server.metric('coredns_acl_blocked_requests_total'), 1)
  const ask = async (name: string, header: Buffer) => {
    const query = queryMessage(name, 'A')
    const socket = connect(server.port, '127.0.0.1')
    socket.end(Buffer.concat([header, Buffer.of(0, query.length), query]))
    return readMessage((await socket.toArray()).reduce((all, chunk) => Buffer.concat([all, chunk])).subarray(2)).rcode
  }
  assert.equal(await ask('example.net', OF_TCP), 'REFUSED')
  assert.equal(await ask('example.net', version2({ protocol: TCP6 })), 'NOERROR')
  await server.waitForLine(/^\[INFO\] view \[?2001:db8::1\]?$/)
})

test('what waits for others goes back to the proxy', async () => {
  await using server = await startInProcess('proxyproto\nerratic {\ndelay 1 20ms\n}')
  const socket = createSocket('udp4')
  socket.connect(server.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.send(Buffer.concat([version2(), queryMessage('example.org', 'A', { id: 7 })]))
  const [reply] = await once(socket, 'message')
  socket.close()
  assert.equal(readMessage(reply).id, 7)
})

test('a connection is counted with those of its client, and not of its proxy', async () => {
  await using server = await startInProcess(USE)
  const sockets: Socket[] = []
  const open = async (source: string): Promise<boolean> => {
    const query = queryMessage('example.org', 'A')
    const socket = connect(server.port, '127.0.0.1').on('error', () => {})
    sockets.push(socket)
    socket.write(Buffer.concat([version2({ protocol: TCP4, source }), Buffer.of(0, query.length), query]))
    return new Promise(resolve => socket.once('data', () => resolve(true)).once('close', () => resolve(false)))
  }
  try {
    for (let i = 0; i < 300; i++) assert.ok(await open(`192.0.2.${i % 100}`), `${i}`)
    for (let i = 3; i < 256; i++) assert.ok(await open('192.0.2.7'), `${i}`)
    assert.ok(!(await open('192.0.2.7')))
    assert.equal(await server.metric('coredns_tcp_connections_refused_total'), 1)
    sockets.at(-2)!.destroy()
    await until(() => open('192.0.2.7'))
  } finally {
    for (const socket of sockets) socket.destroy()
  }
})

test('a header that does not come, or not to its end, ends the connection in the time of a message', async () => {
  await using server = await startInProcess(`timeouts {\nread 1s\n}\n${USE}`)
  await Promise.all(
    [Buffer.alloc(0), OF_TCP.subarray(0, 5), OF_TCP.subarray(0, 20), version1().subarray(0, 20)].map(async begun => {
      const since = performance.now()
      const socket = connect(server.port, '127.0.0.1')
      socket.write(begun)
      await once(socket.resume(), 'close')
      assert.ok(performance.now() - since > 950)
    }),
  )
})

test('SIGTERM does not wait for a header', async () => {
  await using server = await startServer(`.:0 {\ntimeouts {\nread 1h\n}\n${USE}\n}\n`)
  const socket = connect(server.port, '127.0.0.1')
  socket.write(OF_TCP.subarray(0, 20))
  const closed = once(socket.resume(), 'close')
  // It is read behind what came before.
  assert.equal(await overTcp(server.port, OF_TCP), '192.0.2.1 4242 _tcp')
  const since = performance.now()
  server.signal('SIGTERM')
  assert.deepEqual(await server.exited, { code: 0, signal: null })
  await closed
  assert.ok(performance.now() - since < 4500)
})

test('a reload begins, changes and ends it for what comes then', async () => {
  const corefile = (lines: string) => `.:0 {\n${lines}\nwhoami\n}\n`
  await using server = new InProcessServer(corefile(''))
  await server.server.start()
  const told = async () => [(await overUdp(server.port, [version2()]))[0], await overTcp(server.port, OF_TCP)]
  const none = await told()
  assert.deepEqual(none, [undefined, undefined])
  server.corefile = corefile('proxyproto')
  await server.server.reload()
  assert.deepEqual(await told(), ['192.0.2.1 4242 _udp', '192.0.2.1 4242 _tcp'])
  server.corefile = corefile('proxyproto {\ndefault ignore\n}')
  await server.server.reload()
  assert.deepEqual(await told(), ['itself _udp', 'itself _tcp'])
  server.corefile = corefile('')
  await server.server.reload()
  assert.deepEqual(await told(), none)
})

test('of several blocks of a port, the last that has it counts for all', async () => {
  const block = (zone: string, lines: string) => `${zone}:0 {\n${lines}\nwhoami\n}\n`
  await using server = new InProcessServer(
    block('.', '') + block('example.net', 'proxyproto {\ndefault reject\n}') + block('example.com', 'proxyproto'),
  )
  await server.server.start()
  assert.equal(await overTcp(server.port, OF_TCP), '192.0.2.1 4242 _tcp')
})

suite('udp_session_tracking', () => {
  /** Datagrams of one socket, one after the other, and who each is said to be of. */
  const start = async (options: string) => startInProcess(`proxyproto {\n${options}\n}\nwhoami`)
  const PLAIN = Buffer.alloc(0)

  class Sender implements Disposable {
    readonly socket = createSocket('udp4')
    static async to(port: number): Promise<Sender> {
      const proxy = new Sender()
      proxy.socket.connect(port, '127.0.0.1')
      await once(proxy.socket, 'connect')
      return proxy
    }
    header(source: string): void {
      this.socket.send(version2({ source }))
    }
    async ask(header: Uint8Array = PLAIN): Promise<string> {
      this.socket.send(Buffer.concat([header, queryMessage('example.org', 'A')]))
      const [reply] = await once(this.socket, 'message')
      return readMessage(reply).additional[0]!.split(' ').at(-1)!
    }
    [Symbol.dispose](): void {
      this.socket.close()
    }
  }

  test('what a datagram alone says counts for those that follow from the same port', async () => {
    await using server = await start('udp_session_tracking 1m')
    using proxy = await Sender.to(server.port)
    using other = await Sender.to(server.port)
    assert.equal(await proxy.ask(), '127.0.0.1')
    proxy.header('192.0.2.8')
    assert.equal(await proxy.ask(), '192.0.2.8')
    assert.equal(await other.ask(), '127.0.0.1')
    assert.equal(await proxy.ask(version2({ source: '192.0.2.9' })), '192.0.2.9')
    assert.equal(await proxy.ask(), '192.0.2.9')
    // The proxy speaks for itself.
    assert.equal(await proxy.ask(version2({ command: 0x20 })), '127.0.0.1')
    assert.equal(await proxy.ask(), '192.0.2.9')
  })

  test('without it, and with a policy that is not to use headers, nothing is kept', async () => {
    for (const options of ['', 'udp_session_tracking 0s', 'udp_session_tracking 1m\ndefault ignore']) {
      await using server = await start(options)
      using proxy = await Sender.to(server.port)
      proxy.header('192.0.2.8')
      assert.equal(await proxy.ask(), '127.0.0.1', options)
    }
  })

  test('it ends when its time is over, and those that are over the bound are forgotten', async () => {
    await using server = await start('udp_session_tracking 50ms')
    using proxy = await Sender.to(server.port)
    proxy.header('192.0.2.8')
    // Each that is asked for is kept for longer.
    await until(async () => {
      await sleep(100)
      return (await proxy.ask()) === '127.0.0.1'
    })
    await using bounded = await start('udp_session_tracking 1m 1')
    using first = await Sender.to(bounded.port)
    using second = await Sender.to(bounded.port)
    assert.equal(await first.ask(version2({ source: '192.0.2.8' })), '192.0.2.8')
    assert.equal(await second.ask(version2({ source: '192.0.2.9' })), '192.0.2.9')
    assert.equal(await first.ask(), '127.0.0.1')
    assert.equal(await second.ask(), '192.0.2.9')
  })

  test('each datagram lengthens it', async () => {
    await using server = await start('udp_session_tracking 2s')
    using proxy = await Sender.to(server.port)
    proxy.header('192.0.2.8')
    for (const end = performance.now() + 2500; performance.now() < end; await sleep(50))
      assert.equal(await proxy.ask(), '192.0.2.8')
  })

  test('a reload keeps sessions, and their bounds are the new ones', async () => {
    await using server = await start('udp_session_tracking 1m')
    using proxy = await Sender.to(server.port)
    proxy.header('192.0.2.8')
    assert.equal(await proxy.ask(), '192.0.2.8')
    await server.server.reload()
    assert.equal(await proxy.ask(), '192.0.2.8')
    server.corefile = server.corefile.replace('1m', '2m 7')
    await server.server.reload()
    assert.equal(await proxy.ask(), '192.0.2.8')
    server.corefile = server.corefile.replace('2m 7', '1ms')
    await server.server.reload()
    await until(async () => {
      await sleep(10)
      return (await proxy.ask()) === '127.0.0.1'
    })
    proxy.header('192.0.2.8')
    server.corefile = server.corefile.replace('1ms', '2m')
    await server.server.reload()
    proxy.header('192.0.2.8')
    server.corefile = server.corefile.replace('2m', '2m\ndefault ignore')
    await server.server.reload()
    assert.equal(await proxy.ask(), '127.0.0.1')
  })
})

test('tlv_metadata: what a proxy tells besides is metadata, in hex', async () => {
  const tell = async (options: string) => {
    const server = await startInProcess(`metadata\nproxyproto {\n${options}\n}\nlog . "{proto} told {/proxyproto/tlv}"\nwhoami`)
    await overUdp(server.port, [HEADERS['vectors, UDP']!, HEADERS['half a vector, UDP']!])
    await overTcp(server.port, HEADERS['vectors, TCP']!)
    await overTcp(server.port, version2({ protocol: TCP4, command: 0x20, vectors: Buffer.of(0xea, 0, 0) }))
    await server.waitForLine(/tcp/)
    const lines = server.lines.filter(line => line.includes('told')).map(line => line.replace('[INFO] ', ''))
    await server[Symbol.asyncDispose]()
    return lines.filter(line => !line.endsWith('told -')).sort()
  }
  assert.deepEqual(await tell('tlv_metadata'), ['tcp told ea00020708', 'udp told ea00020708040000'])
  assert.deepEqual(await tell(''), [])
})

test('datagrams that are dropped are told in the log, with a bound', async () => {
  await using server = await startInProcess(USE)
  await overUdp(server.port, Array(40).fill(OF_TCP))
  const dropped =
    /^\[WARNING\] dropping invalid Proxy Protocol packet from 127\.0\.0\.1:\d+: Proxy Protocol header is not UDP type$/
  await server.waitForLine(dropped)
  assert.equal(server.lines.filter(line => dropped.test(line)).length, 20)
  await using rejecting = await startInProcess('proxyproto {\ndefault reject\n}\nwhoami')
  await overUdp(rejecting.port, [version2()])
  await rejecting.waitForLine(/: connection rejected by Proxy Protocol connection policy$/)
})

suite('over TLS', { skip: !hasOpenssl() && 'openssl is not on this machine' }, () => {
  const start = async (scheme: string, options = '') => {
    const authority = new Authority()
    authority.issue('server', 'IP:127.0.0.1')
    const server = new InProcessServer(
      `${scheme}://.:0 {\ntls ${authority.path('server.pem')} ${authority.path('server.key')}\nproxyproto {\n${options}\n}\nlog . "from {remote}:{port}"\nwhoami\n}\n`,
    )
    await server.server.start()
    const ca = authority.read('ca.pem')
    authority[Symbol.dispose]()
    return { server, ca }
  }

  /** Shakes hands behind a header. */
  const open = async (port: number, ca: string, ALPNProtocols: string[] = []): Promise<TLSSocket> => {
    const socket = connect(port, '127.0.0.1')
    socket.write(OF_TCP)
    const secure = connectTls({ socket, host: '127.0.0.1', ca, ALPNProtocols })
    await once(secure, 'secureConnect')
    return secure
  }

  test('tls://', async () => {
    const { server, ca } = await start('tls')
    await using _server = server
    await using client = new TcpClient({ port: server.port }, await open(server.port, ca))
    client.send(queryMessage('example.org', 'A'))
    assert.match(readMessage((await client.next())!).additional[0]!, /192\.0\.2\.1$/)
    await server.waitForLine(/from 192\.0\.2\.1:4242/)
    await using plain = new TcpClient({ port: server.port }, connectTls({ port: server.port, host: '127.0.0.1', ca }))
    plain.send(queryMessage('example.org', 'A'))
    assert.match(readMessage((await plain.next())!).additional[0]!, /127\.0\.0\.1$/)
  })

  test('https://, with HTTP/1.1 and HTTP/2', async () => {
    const { server, ca } = await start('https')
    await using _server = server
    const path = `/dns-query?dns=${queryMessage('example.org', 'A').toString('base64url')}`
    const stream = await open(server.port, ca, ['http/1.1'])
    const asked = request({ createConnection: () => stream, host: '127.0.0.1', path, headers: { connection: 'close' } }).end()
    const [response] = await once(asked, 'response')
    assert.match(readMessage(Buffer.concat(await response.toArray())).additional[0]!, /192\.0\.2\.1$/)
    const secure = await open(server.port, ca, ['h2'])
    const session = connectHttp2(`https://127.0.0.1:${server.port}`, { createConnection: () => secure })
    const octets = Buffer.concat(await session.request({ ':path': path }).toArray())
    session.destroy()
    assert.match(readMessage(octets).additional[0]!, /192\.0\.2\.1$/)
  })

  test('a header that is rejected ends the connection', async () => {
    const { server, ca } = await start('tls', 'default reject')
    await using _server = server
    await assert.rejects(open(server.port, ca))
    assert.ok(!server.lines.some(line => line.includes('from ')))
  })
})

test('a query over TCP without a header goes on as usual', async () => {
  await using server = await startInProcess(USE)
  assert.equal(readMessage(await askTcp(queryMessage('example.org', 'A'), server)).rcode, 'NOERROR')
  await using client = new TcpClient(server)
  client.send(...[1, 2, 3].map(id => queryMessage('example.org', 'A', { id })))
  for (const id of [1, 2, 3]) assert.equal(readMessage((await client.next())!).id, id)
})
