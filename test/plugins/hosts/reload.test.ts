import assert from 'node:assert/strict'
import { rename, rm, stat, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { freePort } from '#test/support/ports.ts'
import { type ServerProcess, startServer } from '#test/support/server.ts'
import { until } from '#test/support/waiting.ts'

const COREFILE = '.:0 {\n  debug\n  hosts hosts.txt {\n    192.0.2.9 inline.example.org\n    reload 20ms\n  }\n}\n'
const PARSED = /plugin\/hosts: Parsed hosts file into \d+ entries/

/** Waits until the file has been read once more. */
async function reread(server: ServerProcess, change: () => Promise<void>): Promise<void> {
  const from = server.stdout.length
  await change()
  await server.waitForLine(PARSED, { from })
}

const addressesOf = async (server: ServerProcess, name: string) =>
  (await server.query(name)).answer.map(line => line.split(' ').at(-1))

/** What is read while it is written is read again. */
const untilAnswered = (server: ServerProcess, name: string, addresses: readonly string[]) =>
  until(async () => isDeepStrictEqual(await addressesOf(server, name), addresses))

test('a changed, replaced, lost and restored file', async () => {
  await using server = await startServer(COREFILE, { files: { 'hosts.txt': '192.0.2.1 a.example.org\n' } })
  const file = server.path('hosts.txt')
  assert.deepEqual(await addressesOf(server, 'a.example.org'), ['192.0.2.1'])

  await writeFile(file, '192.0.2.2 a.example.org\n192.0.2.3 b.example.org\n')
  await untilAnswered(server, 'a.example.org', ['192.0.2.2'])
  assert.deepEqual(await addressesOf(server, 'b.example.org'), ['192.0.2.3'])

  await writeFile(server.path('next'), '192.0.2.4 a.example.org\n')
  await rename(server.path('next'), file)
  await untilAnswered(server, 'a.example.org', ['192.0.2.4'])
  assert.equal((await server.query('b.example.org')).rcode, 'SERVFAIL')

  const from = server.stdout.length
  await rm(file)
  await server.waitForLine(/\[WARNING\] plugin\/hosts: File does not exist: hosts\.txt/, { from })
  assert.deepEqual(await addressesOf(server, 'a.example.org'), ['192.0.2.4'])
  assert.deepEqual(await addressesOf(server, 'inline.example.org'), ['192.0.2.9'])

  await writeFile(file, '192.0.2.5 a.example.org\n')
  await untilAnswered(server, 'a.example.org', ['192.0.2.5'])
  await writeFile(file, '192.0.2.6 a.example.org\n')
  await untilAnswered(server, 'a.example.org', ['192.0.2.6'])
  assert.equal(server.stdout.filter(line => /File does not exist/.test(line)).length, 1)
})

test('a file that is missing at the start comes later', async () => {
  await using server = await startServer(COREFILE)
  await server.waitForLine(/File does not exist: hosts\.txt/)
  assert.deepEqual(await addressesOf(server, 'inline.example.org'), ['192.0.2.9'])
  await writeFile(server.path('hosts.txt'), '192.0.2.1 a.example.org\n')
  await untilAnswered(server, 'a.example.org', ['192.0.2.1'])
})

test('metrics count what is in use and tell when the file was changed', async () => {
  const port = await freePort()
  const corefile = `.:0 {\n  prometheus 127.0.0.1:${port}\n  debug\n  hosts hosts.txt {\n    192.0.2.9 inline.example.org\n    reload 20ms\n  }\n}\n`
  await using server = await startServer(corefile, { files: { 'hosts.txt': '192.0.2.1 a.example.org *.example.org\n' } })
  const metric = async (name: string) => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1])
  }
  assert.equal(await metric('coredns_hosts_entries\\{hostsfile="hosts.txt"\\}'), 5)
  // In one step, to be read once.
  await writeFile(server.path('new.txt'), '192.0.2.1 b.example.org c.example.org\n')
  await reread(server, () => rename(server.path('new.txt'), server.path('hosts.txt')))
  assert.equal(await metric('coredns_hosts_entries\\{hostsfile="hosts.txt"\\}'), 6)
  assert.equal(await metric('coredns_hosts_reload_timestamp_seconds'), (await stat(server.path('hosts.txt'))).mtimeMs / 1000)
})

test('a directory in the place of the file is a warning', async () => {
  await using server = await startServer(COREFILE, { files: { 'hosts.txt/file': '' } })
  await server.waitForLine(/\[WARNING\] plugin\/hosts: Hosts file is not read: .*EISDIR/)
})

test('one address of very many names has as many as fit in a reply', async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `0.0.0.0 blocked-${i}.example.org`).join('\n')
  await using server = await startServer(COREFILE, { files: { 'hosts.txt': lines } })
  assert.deepEqual(await addressesOf(server, 'blocked-19999.example.org'), ['0.0.0.0'])
  assert.equal((await server.query('0.0.0.0.in-addr.arpa', 'PTR')).flags, 'qr aa tc rd')
  assert.equal((await server.queryTcp('0.0.0.0.in-addr.arpa', 'PTR')).answer.length, 1000)
})
