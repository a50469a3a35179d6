import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { pprof } from '#plugins/pprof/index.ts'
import { directiveOf, refuses } from '#test/support/directive.ts'
import { InProcessServer } from '#test/support/in-process.ts'
import { freePort } from '#test/support/ports.ts'
import { startServer } from '#test/support/server.ts'
import { until } from '#test/support/waiting.ts'

const run = promisify(execFile)

function noGo(): string | undefined {
  try {
    execFileSync('go', ['tool', 'pprof', '-h'], { stdio: 'ignore' })
    return undefined
  } catch (error) {
    // It ends with an exit code, after its help.
    return (error as { status?: number | null }).status == null ? 'go is not on this machine' : undefined
  }
}

const get = (port: number, path: string) =>
  fetch(`http://127.0.0.1:${port}/debug/pprof${path}`, { signal: AbortSignal.timeout(10_000) })

/** Asks without end until `done`. */
async function askUntil(done: Promise<unknown>, query: () => Promise<unknown>): Promise<void> {
  let isDone = false
  void done.finally(() => {
    isDone = true
  })
  while (!isDone) await query()
}

test('what the processor does, for Chrome DevTools and for pprof', async () => {
  const port = await freePort()
  await using server = await startServer(
    `.:0 {\npprof 127.0.0.1:${port}\ntemplate IN A {\nanswer "{{ .Name }} A 192.0.2.1"\n}\n}\n`,
  )
  // Where there is little time for the server, it is not seen in every one.
  await until(async () => {
    const asked = get(port, '/cpuprofile?seconds=0.5')
    await askUntil(asked, () => server.query('example.org'))
    const response = await asked
    assert.equal(response.headers.get('content-type'), 'application/json')
    const { nodes, samples } = (await response.json()) as { nodes: { callFrame: { url: string } }[]; samples: number[] }
    const isTimed = samples.length > 10 && samples.length < 100
    return isTimed && nodes.some(({ callFrame: { url } }) => url.endsWith('/src/server.ts'))
  })
  const profile = await get(port, '/profile?seconds=0.1')
  assert.equal(profile.headers.get('content-type'), 'application/octet-stream')
  assert.ok((await profile.bytes()).length > 0)
})

/** Milliseconds: on a busy machine, go takes ten seconds for a profile. */
const PATIENCE = 40_000

test('go tool pprof reads it', { skip: noGo() ?? false }, async () => {
  const port = await freePort()
  await using server = await startServer(
    `.:0 {\npprof 127.0.0.1:${port}\ntemplate IN A {\nanswer "{{ .Name }} A 192.0.2.1"\n}\n}\n`,
  )
  const top = async (path: string) => {
    const told = run('go', ['tool', 'pprof', '-top', '-cum', '-nodecount=500', `http://127.0.0.1:${port}/debug/pprof${path}`], {
      env: { ...process.env, PPROF_TMPDIR: server.folder },
      timeout: 60_000,
    })
    await askUntil(told, () => server.query('example.org'))
    return (await told).stdout
  }
  await until(
    async () => {
      const processor = await top('/profile?seconds=1')
      assert.match(processor, /Type: cpu/)
      assert.match(processor, /Duration: (999\.\d+m|[1-9](\.\d+)?)s, Total samples = \d/)
      return /\d(m?s).* ask$/m.test(processor)
    },
    undefined,
    PATIENCE,
  )
  assert.match(await top('/heap'), /Type: inuse_space/)
  await until(async () => /[kM]B/.test(await top('/heap')), undefined, PATIENCE)
})

test('heap, index and what is not there', async () => {
  const port = await freePort()
  await using _server = await startServer(`.:0 {\npprof 127.0.0.1:${port} {\nblock 1\n}\nwhoami\n}\n`)
  // Allocations are sampled: some are needed until one is seen.
  await until(async () => {
    const { head } = (await (await get(port, '/heapprofile')).json()) as { head: { children: unknown[] } }
    return head.children.length > 0
  })
  assert.ok((await (await get(port, '/heap')).bytes()).length > 0)
  for (const path of ['', '/']) assert.match(await (await get(port, path)).text(), /\/debug\/pprof\/profile\?seconds=30 /)
  for (const [path, status] of [
    ['/goroutine', 404],
    ['/profile?seconds=0', 400],
    ['/profile?seconds=301', 400],
    ['/profile?seconds=x', 400],
  ] as const)
    assert.equal((await get(port, path)).status, status, path)
})

test('one profile of the processor is taken at a time, and a reload does not end it', async () => {
  const port = await freePort()
  const corefile = `.:0 {\npprof 127.0.0.1:${port}\nwhoami\n}\n`
  await using server = new InProcessServer(corefile)
  await server.server.start()
  const first = get(port, '/cpuprofile?seconds=1')
  const begun = performance.now()
  let second = await get(port, '/profile?seconds=0.01')
  while (second.status === 200 && performance.now() - begun < 900) second = await get(port, '/profile?seconds=0.01')
  assert.equal(second.status, 500)
  assert.match(await second.text(), /under way/)
  server.corefile = `${corefile}# again\n`
  await server.server.reload()
  assert.equal((await first).status, 200)
  assert.equal((await get(port, '/heap')).status, 200)
})

test('mistakes are named', () => {
  assert.equal(pprof.parse(directiveOf('pprof')), 'localhost:6053')
  for (const [lines, message] of [
    ['localhost', /ADDRESS must be HOST:PORT or :PORT: 'localhost'/],
    [':6053 x', /expected no more arguments/],
    ['{\n block x\n}', /RATE must be a whole number/],
    ['{\n block 1 2\n}', /expected no more arguments/],
    ['{\n mutex\n}', /unknown property 'mutex'/],
  ] as const)
    refuses(pprof, `pprof ${lines}`, message)
  refuses(pprof, 'pprof\npprof :6054', /can only be used once/)
})
