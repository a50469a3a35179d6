import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plugins } from '#plugins/index.ts'
import { parseCorefile } from '#src/corefile/tree.ts'
import { configure } from '#src/server/configuration.ts'
import { fencesOf, read } from '#test/house/files.ts'
import { ask, onFreePorts, stepsOf } from '#test/house/transcript.ts'
import { wdsService, workload } from '#test/support/istiod/resources.ts'
import { TestIstiod } from '#test/support/istiod/test-istiod.ts'
import { freePort } from '#test/support/ports.ts'
import { startServer } from '#test/support/server.ts'

const BACKEND = 'backend.default.svc.cluster.local'
const README = 'examples/istiod/README.md'
const fences = fencesOf(read(README).text)

test('examples/istiod: the walk is as its README tells', async () => {
  await using istiod = await TestIstiod.start()
  istiod.hold('WDS', [
    wdsService('default', 'backend', { vips: ['10.96.0.10'] }),
    ...['10.244.1.11', '10.244.2.12'].map((address, i) =>
      workload('default', `backend-${i}`, { addresses: [address], services: [`default/${BACKEND}`] }),
    ),
  ])
  const port = await freePort()
  const corefile = onFreePorts(read('examples/istiod/Corefile').text)
    .replace(':15010', `:${istiod.port}`)
    .replace('prometheus 127.0.0.1:0', `prometheus 127.0.0.1:${port}`)
  await using server = await startServer(corefile, { env: { ISTIOD_SERVICE_HOST: '127.0.0.1' } })
  const steps = fences.filter(({ language }) => language === 'console').flatMap(({ text }) => stepsOf(text))
  const digs = steps.filter(({ command }) => command.startsWith('dig '))
  assert.ok(digs.length >= 2)
  for (const step of digs) assert.equal(await ask(server, step), '', step.command)
  for (const { command, output } of steps.filter(({ command }) => command.startsWith('curl '))) {
    const [, path, pattern] = /^curl -s 127\.0\.0\.1:9153(\/\S+) \| grep (\S+)$/.exec(command)!
    const lines = (await (await fetch(`http://127.0.0.1:${port}${path}`)).text()).split('\n')
    assert.deepEqual(
      lines.filter(line => new RegExp(pattern!).test(line)),
      output.map(line => line.replace(':15010', `:${istiod.port}`)),
    )
  }
})

for (const { line, text } of fences.filter(({ language }) => language === 'corefile')) {
  test(`${README}:${line}: the Corefile is accepted`, async () => {
    await configure(parseCorefile(text, README, { ISTIOD_SERVICE_HOST: '192.0.2.1' }), plugins, 1053)
  })
}
