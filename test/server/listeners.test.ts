import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { suite, test } from 'node:test'
import { freePort } from '#test/support/ports.ts'
import { runServer, type ServerProcess, startServer } from '#test/support/server.ts'

/** Over which of UDP and TCP an address is answered. */
async function answeredAt(server: ServerProcess, address: string, port = server.port): Promise<string[]> {
  const ways: string[] = []
  const target = { address, port, timeout: 1000 }
  await server.query('example.org', 'A', target).then(
    ({ rcode }) => ways.push(`udp ${rcode}`),
    () => {},
  )
  await server.queryTcp('example.org', 'A', target).then(
    ({ rcode }) => ways.push(`tcp ${rcode}`),
    () => {},
  )
  return ways
}

const BOTH = ['udp NOERROR', 'tcp NOERROR']

const binds: readonly (readonly [bind: string, answered: readonly string[], silent: readonly string[]])[] = [
  ['', ['127.0.0.1', '::1'], []],
  ['bind 127.0.0.1', ['127.0.0.1'], ['127.0.0.2', '::1']],
  ['bind ::1', ['::1'], ['127.0.0.1']],
  ['bind 127.0.0.2 127.0.0.3', ['127.0.0.2'], ['127.0.0.1']],
  ['bind 0.0.0.0', ['127.0.0.1'], ['::1']],
  ['bind ::', ['127.0.0.1', '::1'], []],
  ['bind 0.0.0.0 ::', ['127.0.0.1', '::1'], []],
  ['bind ::\nbind 127.0.0.1 0.0.0.0', ['127.0.0.1', '::1'], []],
  ['bind 127.0.0.1 0.0.0.0', ['127.0.0.1', '127.0.0.2'], ['::1']],
]

suite('a block listens, over UDP and TCP, on the addresses of bind', () => {
  for (const [bind, answered, silent] of binds) {
    test(bind || 'all of them where nothing is said', async () => {
      await using server = await startServer(`.:0 {\n${bind}\nwhoami\n}\n`)
      for (const address of answered) assert.deepEqual(await answeredAt(server, address), BOTH, address)
      for (const address of silent) assert.deepEqual(await answeredAt(server, address), [], address)
    })
  }
})

test('blocks with the same zone and other addresses are different', async () => {
  const block = (address: string, answer: string) =>
    `.:0 {\n bind ${address}\n hosts /dev/null {\n  ${answer} example.org\n }\n}\n`
  await using server = await startServer(block('127.0.0.2', '192.0.2.2') + block('127.0.0.3', '192.0.2.3'))
  for (const [i, address] of ['127.0.0.2', '127.0.0.3'].entries()) {
    const { answer } = await server.query('example.org', 'A', { address, port: server.ports[i]! })
    assert.deepEqual(answer, [`example.org. 3600 IN A 192.0.2.${i + 2}`])
  }
  await server.waitForLine(new RegExp(`^\\.:${server.ports[1]} on 127\\.0\\.0\\.3$`))
})

test('clients of both families are told apart: IPv4 is never mapped', async () => {
  await using server = await startServer('.:0 {\n whoami\n}\n')
  const addressOf = async (address: string) => (await server.query('example.org', 'A', { address })).additional[0]
  assert.equal(await addressOf('127.0.0.1'), 'example.org. 0 IN A 127.0.0.1')
  assert.equal(await addressOf('::1'), 'example.org. 0 IN AAAA ::1')
  assert.equal((await server.queryTcp('example.org')).additional[0], 'example.org. 0 IN A 127.0.0.1')
})

const clashes: readonly (readonly [name: string, corefile: string, message: RegExp])[] = [
  ['in two blocks', '.:1053 {\n}\n.:1053 {\n}\n', /^\S*Corefile:3 - .*: cannot serve dns:\/\/\.:1053 - it is already defined at \S*Corefile:1 \(column 1\)$/],
  ['twice before one block', 'example.org:1053 example.org:1053 {\n}\n', /dns:\/\/example\.org\.:1053 - it is already defined/],
  ['in another case', 'example.org:1053 {\n}\nEXAMPLE.org.:1053 {\n}\n', /dns:\/\/example\.org\.:1053 - it is already defined/],
  ['by the scheme that is meant anyway', 'example.org:1053 {\n}\ndns://example.org:1053 {\n}\n', /already defined/],
  ['at the same address', '.:1053 {\n bind 127.0.0.1\n}\n.:1053 {\n bind 127.0.0.1\n}\n', /already defined/],
  ['at one address of several', '.:1053 {\n bind 127.0.0.1 127.0.0.2\n}\n.:1053 {\n bind 127.0.0.3 127.0.0.2\n}\n', /already defined/],
  ['at all addresses and at one', '.:1053 {\n}\n.:1053 {\n bind 127.0.0.1\n}\n', /cannot serve .* - zone overlap listener capacity/],
  ['at one address and at all', '.:1053 {\n bind 127.0.0.1\n}\n.:1053 {\n}\n', /cannot serve .* - zone overlap listener capacity/],
  ['another zone of a port, at one address', '.:1053 {\n}\nexample.org:1053 {\n bind 127.0.0.1\n}\n',
    /^\S*Corefile:3 - .*: cannot listen on dns:\/\/127\.0\.0\.1:1053 - .* 'bind' all blocks of the port, or none \(column 1\)$/],
  ['another zone of a port, at all addresses said in another way', '.:1053 {\n bind ::\n}\nexample.org:1053 {\n}\n', /cannot listen on dns:\/\/\[::\]:1053 - another server block/],
] // biome-ignore format: a table

suite('the same zone is not served twice', () => {
  for (const [name, corefile, message] of clashes) {
    test(name, async () => {
      await using server = await runServer(corefile)
      assert.deepEqual(await server.exited, { code: 1, signal: null })
      assert.deepEqual(server.stdout, [])
      assert.equal(server.stderr.length, 1)
      assert.match(server.stderr[0]!, message)
    })
  }
})

suite('a port that is taken is one line, and the end', () => {
  const starts = async (port: number) => {
    await using server = await runServer(`.:${port} {\n bind 127.0.0.1\n whoami\n}\n`)
    assert.deepEqual(await server.exited, { code: 1, signal: null })
    assert.deepEqual(server.stdout, [])
    assert.equal(server.stderr.length, 1)
    assert.match(server.stderr[0]!, new RegExp(`^listen dns://127\\.0\\.0\\.1:${port}: .*EADDRINUSE`))
  }

  test('for UDP', async () => {
    await using socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    await starts(socket.address().port)
  })

  test('for TCP', async () => {
    await using server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    await starts((server.address() as AddressInfo).port)
  })

  test('by another server of this kind', async () => {
    await using first = await startServer(`.:${await freePort()} {\n whoami\n}\n`)
    await using second = await runServer(`.:${first.port} {\n whoami\n}\n`)
    assert.deepEqual(await second.exited, { code: 1, signal: null })
    assert.match(second.stderr.join('\n'), new RegExp(`^listen dns://:${first.port}: .*EADDRINUSE.*$`))
    assert.deepEqual(await answeredAt(first, '127.0.0.1'), BOTH)
  })
})

test('an address that the machine does not have is one line, and the end', async () => {
  await using server = await runServer('.:0 {\n bind 192.0.2.1\n whoami\n}\n')
  assert.deepEqual(await server.exited, { code: 1, signal: null })
  assert.match(server.stderr.join('\n'), /^listen dns:\/\/192\.0\.2\.1:0: .*EADDRNOTAVAIL.*$/)
})
