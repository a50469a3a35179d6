import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { log } from '#plugins/log/index.ts'
import { toText } from '#src/dns/name.ts'
import { NO_RECORDS } from '#src/dns/sections.ts'
import { failure, nameError } from '#src/plugin.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { queryMessage } from '#test/support/message.ts'
import { startServer } from '#test/support/server.ts'

type Rules = readonly (readonly [scope: string, classes?: readonly string[]])[]

const accepted: readonly (readonly [lines: string, rules: Rules])[] = [
  ['log', [['.']]],
  ['log example.org', [['example.org.']]],
  ['log A.example.org. example.net', [['a.example.org.'], ['example.net.']]],
  ['log . "{name}"', [['.']]],
  ['log "{name}"', []],
  ['log "{remote}:{port} asks for {name}, of type {type} and class {class}"', []],
  ['log "{name}" {type}', []],
  ['log a.org b.org {combined}', [['a.org.'], ['b.org.']]],
  ['log a.org\nlog b.org {common}', [['a.org.'], ['b.org.']]],
  ['log {\n class denial\n class error\n}', [['.', ['denial', 'error']]]],
  ['log a.org b.org {common} {\n class success\n}', [['a.org.', ['success']], ['b.org.', ['success']]]],
  ['log {\n class all error\n}', [['.']]],
  ['log {\n}', [['.']]],
] // biome-ignore format: a table

suite('rules are read', () => {
  for (const [lines, rules] of accepted) {
    test(lines.replaceAll('\n', ''), () => {
      assert.deepEqual(
        log.parse(directiveOf(lines)).map(({ scope, classes }) => [toText(scope), ...(classes ? [[...classes]] : [])]),
        rules,
      )
    })
  }
})

const refused: readonly (readonly [lines: string, message: RegExp])[] = [
  ['log a..org', /NAME must be a domain name: .*empty label/],
  [`log ${'a'.repeat(64)}.org`, /longer than 63 octets/],
  ['log {\n class\n}', /expected class/],
  ['log {\n class sucess\n}', /'sucess' .*did you mean 'success'/],
  ['log {\n classes all\n}', /unknown property 'classes' .*did you mean 'class'/],
]

suite('mistakes are named', () => {
  for (const [lines, message] of refused) {
    test(lines.replaceAll('\n', ''), () => {
      refuses(log, lines, message)
    })
  }
})

test('the default line', async () => {
  await using server = await startServer('.:0 {\n log\n whoami\n}\n')
  await server.query('A\\010b.Example.org', 'TXT', { id: 7, edns: { udpSize: 1400, dnssecOk: true } })
  assert.match(
    await server.waitForLine(/TXT IN/),
    /^\[INFO\] 127\.0\.0\.1:\d+ - 7 "TXT IN a\\010b\.example\.org\. udp 44 true 1400" NOERROR qr,aa,rd \d+ 0\.\d{9}s$/,
  )
  await server.queryTcp('example.org', 'AAAA', { id: 65_535, address: '::1', flags: 0 })
  assert.match(
    await server.waitForLine(/AAAA IN/),
    /^\[INFO\] \[::1\]:\d+ - 65535 "AAAA IN example\.org\. tcp 29 false 65535" NOERROR qr,aa \d+ 0\.\d{9}s$/,
  )
})

test('JSON lines have CoreDNS’s fields', async () => {
  await using server = await startServer('.:0 {\n log . "{name} {rcode}"\n acl {\n  drop type TXT\n }\n whoami\n}\n', {
    args: ['-log-format', 'json'],
  })
  await server.query('Example.org', 'MX', { id: 7 })
  const { time, client_port, response_size, duration_seconds, ...line } = JSON.parse(await server.waitForLine(/"MX"/))
  assert.deepEqual(line, {
    level: 'INFO',
    plugin: 'log',
    msg: 'example.org. NOERROR',
    client_ip: '127.0.0.1',
    qname: 'example.org.',
    qtype: 'MX',
    qclass: 'IN',
    protocol: 'udp',
    id: 7,
    opcode: 0,
    request_size: 29,
    dnssec_ok: false,
    bufsize: 512,
    rcode: 'NOERROR',
  })
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000)
  for (const number of [client_port, response_size, duration_seconds]) assert.equal(typeof number, 'number')
  await server.send(queryMessage('example.org', 'TXT'), { timeout: 50 })
  const silent = JSON.parse(await server.waitForLine(/"TXT"/))
  assert.deepEqual([silent.rcode, silent.response_size], [null, 0])
  await server.queryTcp('example.org', 'AAAA', { address: '::1', edns: { dnssecOk: true } })
  const other = JSON.parse(await server.waitForLine(/"AAAA"/))
  assert.deepEqual([other.client_ip, other.protocol, other.dnssec_ok, other.bufsize], ['::1', 'tcp', true, 65535])
})

test('the first rule whose name holds the query decides alone', async () => {
  await using server = await startInProcess(
    'log a.example.org "first {name}" {\n class error\n}\nlog example.org "second {name}"\nlog example.org "third {name}"\nscript',
  )
  for (const name of ['a.example.org', 'x.a.example.org', 'x\\001a.example.org', 'example.org', 'example.net'])
    await server.query(name)
  server.script = () => failure('broken')
  await server.query('x.a.example.org')
  assert.deepEqual(server.lines, [
    '[INFO] second x\\001a.example.org.',
    '[INFO] second example.org.',
    '[INFO] first x.a.example.org.',
  ])
})

test('classes choose by the reply, which may come later', async () => {
  await using server = await startInProcess('log . "{rcode} {/log/class}" {\n class denial\n}\nscript')
  await server.query('example.org')
  server.script = async () => nameError(NO_RECORDS)
  await server.query('example.org')
  assert.deepEqual(server.lines, ['[INFO] NXDOMAIN denial'])
})

test('the duration is that of the reply', async () => {
  await using server = await startInProcess('log . "{duration}"\nscript')
  let waited = 0
  server.script = async () => {
    const start = performance.now()
    await sleep(20)
    waited = (performance.now() - start) / 1000
    return failure('late')
  }
  await server.query('example.org')
  const seconds = /^\[INFO\] (0\.\d{9})s$/.exec(server.lines.join())?.[1]
  assert.ok(Number(seconds) >= waited - 1e-6, `${seconds}, of which ${waited} were waited`)
})

test('a format without a name before it is a name, and said to be one', async () => {
  await using server = await startInProcess('log "{name}"\nscript')
  await server.query('example.org')
  assert.equal(server.lines.length, 1)
  assert.match(server.lines[0]!, /^\[WARNING\] plugin\/log: "\{name\}" is taken for a name/)
})
