import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Answer } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { runServer, type ServerProcess, startServer } from '#test/support/server.ts'

const soa = (owner: string) => `${owner} 604800 IN SOA localhost. root.localhost. 1 0 0 0 604800`

type Expected = Partial<Pick<Answer, 'rcode' | 'answer' | 'authority'>>

const cases: readonly [name: string, type: string, expected: Expected][] = [
  ['localhost.', 'A', { answer: ['localhost. 604800 IN A 127.0.0.1'] }],
  ['LocalHost.', 'AAAA', { answer: ['LocalHost. 604800 IN AAAA ::1'] }],
  ['localhost.', 'SOA', { answer: [soa('localhost.')] }],
  ['localhost.', 'NS', { answer: ['localhost. 604800 IN NS localhost.'] }],
  ['localhost.', 'MX', { authority: [soa('localhost.')] }],
  ['a.b.localhost.', 'A', { answer: ['a.b.localhost. 604800 IN A 127.0.0.1'] }],
  ['a.localhost.', 'AAAA', { answer: ['a.localhost. 604800 IN AAAA ::1'] }],
  ['a.localhost.', 'SOA', { authority: [soa('a.localhost.')] }],
  ['localhost.example.org.', 'A', { answer: ['localhost.example.org. 604800 IN A 127.0.0.1'] }],
  ['localhost.example.org.', 'PTR', { authority: [soa('localhost.example.org.')] }],
  ['127.in-addr.arpa.', 'SOA', { answer: [soa('127.in-addr.arpa.')] }],
  ['0.in-addr.arpa.', 'NS', { answer: ['0.in-addr.arpa. 604800 IN NS localhost.'] }],
  ['255.in-addr.arpa.', 'A', { authority: [soa('255.in-addr.arpa.')] }],
  ['1.0.0.127.in-addr.arpa.', 'PTR', { answer: ['1.0.0.127.in-addr.arpa. 604800 IN PTR localhost.'] }],
  ['1.0.0.127.in-addr.arpa.', 'A', { authority: [soa('127.in-addr.arpa.')] }],
  ['2.0.0.127.in-addr.arpa.', 'PTR', { rcode: 'NXDOMAIN', authority: [soa('127.in-addr.arpa.')] }],
  ['a.255.in-addr.arpa.', 'A', { rcode: 'NXDOMAIN', authority: [soa('255.in-addr.arpa.')] }],
]

suite('local', () => {
  let server: ServerProcess
  before(async () => {
    server = await startServer('.:0 {\n  local\n  whoami\n  debug\n}\n')
  })
  after(() => server.stop())

  for (const [name, type, expected] of cases) {
    test(`${name} ${type}`, async () => {
      const { rcode, flags, answer, authority, additional } = await server.query(name, type)
      assert.deepEqual(
        { rcode, flags, answer, authority, additional },
        { rcode: 'NOERROR', flags: 'qr rd', answer: [], authority: [], additional: [], ...expected },
      )
    })
  }

  for (const name of [
    'example.org.',
    'a.localhost.example.org.',
    'localhost\\.example.org.',
    'xlocalhost.',
    '127.in-addr.arpa.example.org.',
    '128.in-addr.arpa.',
  ]) {
    test(`${name} goes to the next plugin`, async () => {
      assert.equal((await server.query(name)).additional.length, 2)
    })
  }

  test('debug tells who asked', async () => {
    await server.query('noisy.localhost.')
    assert.match(await server.waitForLine(/noisy/), /\[DEBUG\] plugin\/local: .*noisy\.localhost\..*127\.0\.0\.1/)
  })
})

test('localhost_prefix off leaves prefixes alone, and names below localhost not', async () => {
  await using server = await startServer('.:0 {\n  local {\n    localhost_prefix off\n  }\n  whoami\n}\n')
  assert.equal((await server.query('localhost.example.org.')).additional.length, 2)
  assert.equal((await server.query('a.localhost.')).answer.length, 1)
})

test('what is below localhost, or begins with it, is counted; localhost itself is not', async () => {
  const port = await freePort()
  await using server = await startServer(`.:0 {\n  prometheus 127.0.0.1:${port}\n  local\n}\n`)
  for (const name of ['localhost.', 'a.localhost.', 'localhost.example.org.', '1.0.0.127.in-addr.arpa.']) await server.query(name)
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  assert.match(text, /^coredns_local_localhost_requests_total 2$/m)
})

for (const [block, message] of [
  ['local now', /'now'/],
  ['local {\n    localhost_prefix maybe\n  }', /localhost_prefix must be one of on, off/],
  ['local {\n    localhost_prefix\n  }', /expected localhost_prefix/],
  ['local {\n    localhost_prefx on\n  }', /unknown property 'localhost_prefx' .*did you mean 'localhost_prefix'/],
] as const) {
  test(`${block.replaceAll(/\s+/g, ' ')} is an error`, async () => {
    await using command = await runServer(`.:0 {\n  ${block}\n}\n`, { args: ['-validate'] })
    assert.equal((await command.exited).code, 1)
    assert.match(command.stderr.join('\n'), message)
  })
}
