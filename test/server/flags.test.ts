import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { plugins } from '#plugins/index.ts'
import { freePort } from '#test/support/ports.ts'
import { runServer, ServerProcess, type StartOptions, startServer } from '#test/support/server.ts'
import { until } from '#test/support/waiting.ts'

const WHOAMI = '.:0 {\n whoami\n}\n'
const RUNNING = /^\w+\/\w+, node v/

/** The program with these arguments alone, in an empty folder but for `files`. */
async function command(args: readonly string[], { files = {}, ...options }: StartOptions = {}): Promise<ServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'istio-coredns-'))
  for (const [file, content] of Object.entries(files)) await writeFile(join(folder, file), content)
  return new ServerProcess(folder, args, options)
}

const OK = { code: 0, signal: null }
const FAILED = { code: 1, signal: null }

suite('what ends by itself', () => {
  test('-version', async () => {
    await using server = await command(['-version'])
    assert.deepEqual(await server.exited, OK)
    assert.match(server.output, /^istio-coredns-\d+\.\d+\.\d+\n\w+\/\w+, node v26\.\S+$/)
  })

  test('-plugins: every one, by name', async () => {
    await using server = await command(['-plugins'])
    assert.deepEqual(await server.exited, OK)
    assert.deepEqual(server.stdout, plugins.map(plugin => plugin.name).sort())
  })

  const valid: readonly (readonly [name: string, corefile: string])[] = [
    ['a file that is sound', WHOAMI],
    ['a port that is not free, since nothing is opened', '.:1 {\n bind 192.0.2.1\n whoami\n}\n'],
  ]
  for (const [name, corefile] of valid) {
    test(`-validate: ${name}`, async () => {
      await using server = await runServer(corefile, { args: ['-validate'] })
      assert.deepEqual(await server.exited, OK)
      assert.equal(server.output, '')
    })
  }

  const invalid: readonly (readonly [name: string, corefile: string, line: RegExp])[] = [
    ['an unknown word', '.:0 {\n hots\n}\n', /Corefile:2 - Error during parsing: Unknown directive 'hots' \(column 2, did you mean 'hosts'\?\)$/],
    ['an unknown option', '.:0 {\n cache {\n  sucess 1\n }\n}\n', /^plugin\/cache: .*Corefile:3 - .*'sucess' \(column 3, did you mean 'success'\?\)$/],
    ['a directive that CoreDNS had', '.:0 {\n proxy . 192.0.2.1\n}\n', /Corefile:2 - Error during parsing: Unknown directive 'proxy' \(column 2, use 'forward', which replaced it in CoreDNS 1\.5\)$/],
    ['a directive that CoreDNS has', '.:0 {\n nomad db\n}\n', /Unknown directive 'nomad' \(column 2, a plugin of CoreDNS that this server does not have\)$/],
    ['a directive that is often built into CoreDNS', '.:0 {\n alternate NXDOMAIN . 192.0.2.1\n}\n', /Unknown directive 'alternate' \(column 2, use two lines of 'forward', the first with 'next RCODE\.\.\.'\)$/],
    ['an option that CoreDNS had', '.:0 {\n kubernetes cluster.local {\n  upstream\n }\n}\n', /^plugin\/kubernetes: \S*Corefile:3 - Error during parsing: unknown property 'upstream' \(column 3, leave it out: CoreDNS 1\.7 removed it\)$/],
    ['a missing brace', '.:0 {\n', /Corefile:1 - Syntax error: Unexpected EOF/],
    ['a scheme of another kind', 'dnss://.:0 {\n}\n', /Corefile:1 - .*unknown scheme 'dnss:\/\/' \(column 1/],
    ['a zone that is served twice', '.:0 {\n}\n.:0 {\n}\n', /^\S*Corefile:3 - .*cannot serve dns:\/\/\.:0 - it is already defined at \S*Corefile:1 \(column 1\)$/],
    ['a missing import', 'import missing\n', /Corefile:1 - .*missing/],
  ] // biome-ignore format: a table
  for (const [name, corefile, line] of invalid) {
    test(`one line on standard error and code 1, at the start and with -validate: ${name}`, async () => {
      for (const args of [[], ['-validate']]) {
        await using server = await runServer(corefile, { args })
        assert.deepEqual(await server.exited, FAILED)
        assert.deepEqual([server.stdout, server.stderr.length], [[], 1])
        assert.match(server.stderr[0]!, line)
      }
    })
  }

  const refused: readonly (readonly [args: readonly string[], line: RegExp])[] = [
    [['Corefile'], /Corefile/],
    [['-conf', 'Corefile', 'start'], /start/],
    [['-nonsense'], /nonsense/],
    [['-p', 'dns'], /invalid value "dns" for flag -dns\.port/],
  ]
  for (const [args, line] of refused) {
    test(`a command line that is wrong: ${args.join(' ')}`, async () => {
      await using server = await command(args, { files: { Corefile: WHOAMI } })
      assert.deepEqual(await server.exited, FAILED)
      assert.deepEqual(server.stdout, [])
      assert.match(server.stderr[0]!, line)
      assert.match(server.stderr[1]!, /^Usage: istio-coredns/)
    })
  }

  test('a Corefile that cannot be read', async () => {
    for (const [file, reason] of [
      ['missing', /^missing cannot be read: .*no such file.*$/],
      ['.', /^\. cannot be read: EISDIR: .*$/],
    ] as const) {
      await using server = await command(['-conf', file])
      assert.deepEqual(await server.exited, FAILED)
      assert.match(server.output, reason)
    }
  })

  test('-validate: what is probably not meant is told, once, however many threads there are to be', async () => {
    const text = '.:0 {\n multisocket 2\n root /does/not/exist\n hosts /dev/null {\n  tll 5\n }\n}\n'
    const warnings = [
      /^\[WARNING\] plugin\/root: Root path does not exist: \/does\/not\/exist$/,
      /^\[WARNING\] plugin\/hosts: \S*Corefile:5 - .*'tll' .*did you mean 'ttl'/,
    ]
    for (const args of [[], ['-validate']]) {
      await using server = await runServer(text, { args })
      if (args.length === 0) {
        await server.waitForLine(RUNNING)
        server.signal('SIGTERM')
      }
      assert.deepEqual(await server.exited, OK)
      const told = server.stdout.filter(line => line.startsWith('[WARNING]'))
      assert.equal(told.length, warnings.length, told.join('\n'))
      for (const [i, warning] of warnings.entries()) assert.match(told[i]!, warning)
    }
  })

  test('-validate: a file without server blocks is a warning, as the built-in one takes its place', async () => {
    await using server = await command(['-validate', '-conf', 'empty'], { files: { empty: '{\n whoami\n}\n' } })
    assert.deepEqual(await server.exited, OK)
    assert.equal(server.output, '[WARNING] empty has no server blocks: whoami and log answer at port 53')
  })
})

suite('what is served', () => {
  test('-conf stdin: what comes through standard input', async () => {
    await using server = await command(['-conf', 'stdin'], { input: WHOAMI })
    await server.waitForLine(RUNNING)
    assert.equal((await server.query('example.org')).additional.length, 2)
  })

  test('without -conf: the Corefile of the working directory', async () => {
    await using server = await command([], { files: { Corefile: '.:0 {\n hosts /dev/null {\n  192.0.2.1 example.org\n }\n}\n' } })
    await server.waitForLine(RUNNING)
    assert.deepEqual((await server.query('example.org')).answer, ['example.org. 3600 IN A 192.0.2.1'])
  })

  for (const [name, options] of [
    ['without any file', {}],
    ['with an empty one', { files: { Corefile: '# nothing\n' } }],
  ] as const) {
    test(`${name}: whoami and log for the root`, async () => {
      const port = await freePort()
      await using server = await command(['-p', String(port)], options)
      await server.waitForLine(RUNNING)
      assert.equal(server.port, port)
      assert.equal((await server.query('example.org')).additional[0], 'example.org. 0 IN A 127.0.0.1')
      await server.waitForLine(/^\[INFO\] 127\.0\.0\.1:\d+ - \d+ "A IN example\.org\. udp 29 false 512" NOERROR/)
      assert.ok(server.stdout.includes(`.:${port}: log → whoami`))
    })
  }

  test('-p is the port of labels that name none, -dns.port the same word', async () => {
    const [first, second] = [await freePort(), await freePort()]
    for (const flag of ['-p', '-dns.port']) {
      await using server = await startServer(`example.org {\n whoami\n}\nexample.net:${second} {\n whoami\n}\n`, {
        args: [flag, String(first)],
      })
      assert.deepEqual(server.ports, [first, second])
    }
  })
})

test('-pidfile: written when it serves, gone when it ends', async () => {
  await using server = await startServer(WHOAMI, { args: ['-pidfile', 'run.pid'] })
  const file = server.path('run.pid')
  // It is there before anything is in it.
  await until(() => existsSync(file) && readFileSync(file, 'utf8') !== '')
  assert.equal(readFileSync(file, 'utf8'), `${server.child.pid}\n`)
  server.signal('SIGTERM')
  await server.exited
  assert.ok(!existsSync(file))
})

test('-pidfile: where it cannot be written, that is told, and the server serves', async () => {
  await using server = await startServer(WHOAMI, { args: ['-pidfile', 'missing/run.pid'] })
  await server.waitForLine(/^\[ERROR\] Could not write pidfile: /)
  assert.equal((await server.query('example.org')).rcode, 'NOERROR')
})

test('-quiet: no line at start', async () => {
  await using server = await runServer('.:0 {\n whoami\n}\n', { args: ['-quiet', '-pidfile', 'run.pid'] })
  await until(() => existsSync(server.path('run.pid')))
  server.signal('SIGTERM')
  assert.deepEqual(await server.exited, OK)
  assert.deepEqual(server.stdout, ['[INFO] SIGTERM: Shutting down servers then terminating'])
})

test('-log-format json: each line is an object', async () => {
  await using server = await startServer('.:0 {\n log\n whoami\n}\n', { args: ['-log-format', 'json'] })
  await server.query('example.org')
  const line = JSON.parse(await server.waitForLine(/^\{/)) as Record<string, unknown>
  assert.equal(line.level, 'INFO')
})

test('-udp: a mode that is given is taken', async () => {
  await using server = await startServer(WHOAMI, { args: ['-udp', 'dgram'] })
  assert.equal((await server.query('example.org')).rcode, 'NOERROR')
})
