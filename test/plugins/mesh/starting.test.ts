import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { extendedErrorOf } from '#test/support/message.ts'
import { freePort } from '#test/support/ports.ts'
import { startServer } from '#test/support/server.ts'
import { BACKEND, backend } from './manifests.ts'

test('until every source is complete, known names are answered and unknown ones of the zone fail', async () => {
  const [port, explaining] = [await freePort(), await freePort()]
  const ready = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/ready`)
    return [response.status, await response.text()]
  }
  const explained = async (name: string) => {
    const text = await (await fetch(`http://127.0.0.1:${explaining}/explain?name=${name}`)).text()
    return text.match(/(?<=^ +- ).*/gm)
  }
  const corefile = `.:0 {
  explain 127.0.0.1:${explaining}
  ready 127.0.0.1:${port}
  mesh {
    source file here.yaml
    source file later
    startup_timeout 2s
    fallthrough
  }
  whoami
}
`
  await using server = await startServer(corefile, { files: { 'here.yaml': backend(['10.1.0.1']) } })
  const rcodes = async () => [(await server.query(BACKEND)).rcode, (await server.query('other.default.svc.cluster.local.')).rcode]

  assert.match(
    await server.waitForLine(/starting before/),
    /^\[WARNING\] plugin\/mesh: starting before all sources are complete, waiting for source file later: ENOENT: no such file/,
  )
  assert.deepEqual(await rcodes(), ['NOERROR', 'SERVFAIL'])
  const other = await server.query('other.default.svc.cluster.local.', 'A', { edns: true })
  assert.match(extendedErrorOf(other)!, /^14 waiting for source file later: ENOENT: no such file/)
  assert.equal((await server.query('www.example.org.')).additional.length, 2, 'names outside the zone are passed on')
  for (const name of ['third.default.svc.cluster.local', 'www.example.org']) {
    const [waiting, ...more] = (await explained(name))!
    assert.match(waiting!, /^waiting for source file later: /)
    assert.deepEqual(more, ['no such name is known yet'])
  }
  const [status, body] = await ready()
  assert.equal(status, 503)
  assert.match(String(body), /mesh/)

  mkdirSync(server.path('later'))
  writeFileSync(server.path('later/a.yaml'), backend(['10.1.0.2'], 'other'))
  while ((await ready())[0] !== 200);
  assert.deepEqual(await rcodes(), ['NOERROR', 'NOERROR'])
  assert.equal((await server.query('third.default.svc.cluster.local.')).additional.length, 2, 'unknown names fall through now')
  assert.deepEqual(await explained('third.default.svc.cluster.local'), [
    'cluster.local. has no such name; the closest one that exists is default.svc.cluster.local.',
  ])
})

test('the first query finds everything that the files say', async () => {
  const names = Array.from({ length: 500 }, (_, i) => `s${i}`)
  const files = { 'mesh.yaml': names.map((name, i) => backend([`10.1.${i >> 8}.${i & 255}`], name)).join('') }
  await using server = await startServer('.:0 {\n  mesh {\n    source file mesh.yaml\n  }\n}\n', { files })
  for (const name of ['s0', 's499']) assert.equal((await server.query(`${name}.default.svc.cluster.local.`)).rcode, 'NOERROR')
  assert.equal((await server.query('s500.default.svc.cluster.local.')).rcode, 'NXDOMAIN')
})

test('relative names count from the directory that root names', async () => {
  const corefile = '.:0 {\n  root sub\n  mesh {\n    source file mesh.yaml\n  }\n}\n'
  await using server = await startServer(corefile, { files: { 'sub/mesh.yaml': backend(['10.1.0.1']) } })
  assert.equal((await server.query(BACKEND)).answer.length, 1)
})

test('a mistake is named in the log, and what it does not touch is answered', async () => {
  const files = { 'mesh.yaml': backend(['10.1.0.1', '10.1.0.256']) }
  await using server = await startServer('.:0 {\n  mesh {\n    source file mesh.yaml\n  }\n}\n', { files })
  assert.equal(
    await server.waitForLine(/ERROR/),
    '[ERROR] plugin/mesh: mesh.yaml:20: EndpointSlice default/backend-1: endpoints[1].addresses[0] must be an IPv4 address, not "10.1.0.256"',
  )
  assert.equal((await server.query(BACKEND)).answer.length, 1)
})
