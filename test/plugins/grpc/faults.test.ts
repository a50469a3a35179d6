import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { GrpcUpstream } from '#test/support/grpc-upstream.ts'
import { type InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { FAULTS, web } from './faults.ts'

suite('an upstream that errs', () => {
  let upstream: GrpcUpstream
  let server: InProcessServer
  before(async () => {
    upstream = await GrpcUpstream.start(web)
    server = await startInProcess(`errors\ngrpc . ${upstream.to}`)
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    await upstream[Symbol.asyncDispose]()
  })

  for (const [title, { script, rcode, cause }] of Object.entries(FAULTS))
    test(title, async () => {
      upstream.script = script
      const from = server.lines.length
      assert.equal((await server.query('web.example.org')).rcode, rcode)
      if (cause !== '') {
        const line = await server.waitForLine(/plugin\/errors/, { from })
        assert.equal(line, `[ERROR] plugin/errors: 2 web.example.org. A: ${cause.replace('TO', upstream.to)}`)
      }
      upstream.script = web
      // One that cuts connections is left alone for a moment.
      while ((await server.query('web.example.org')).rcode !== 'NOERROR');
    })
})

for (const [title, { script, rcode, theirs = rcode }] of Object.entries(FAULTS))
  test(`${title}: as CoreDNS has it`, { skip: noCoreDns() ?? false }, async () => {
    await using upstream = await GrpcUpstream.start(script)
    await using coredns = await CoreDns.start(`. {\ngrpc . ${upstream.to}\n}\n`)
    assert.equal((await coredns.query('web.example.org')).rcode, theirs)
  })
