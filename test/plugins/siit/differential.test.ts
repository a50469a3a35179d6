/** CoreDNS answers the same. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { askUdp } from '#test/support/client.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { comparable, type QueryOptions, queryMessage, readMessage } from '#test/support/message.ts'
import { startUpstream } from '#test/support/upstream.ts'
import { script } from './upstream.ts'

const names = [
  'v4', 'V6', 'both', 'in', 'IN', 'short', 'table', 'alias', 'dangling', 'text', 'gone', 'refuses', 'fails', 'denies', 'bare', 'afails', 'arefuses',
  'adenies', 'more',
].map(label => `${label}.example.org`) // biome-ignore format: a table

const lines = [
  'siit',
  'siit {\nipv6_prefix 2001:db8::/32\n}',
  'siit {\nipv6_prefix 2001:db8:122:344::/64\n}',
  'siit {\neam 198.51.100.7 2001:db8::7\neam 198.51.100.1 2001:db8::1\neam 198.51.100.9 64:ff9b::c000:221\n}',
  'siit {\neam 198.51.100.7 2001:db8::7\n}\nsiit {\nipv6_prefix 64:1337::/96\neam 198.51.100.8 2001:db8::7\n}',
]

const queries: readonly QueryOptions[] = [{}, { edns: { udpSize: 1232, dnssecOk: true } }, { flags: 0x0110 }]

suite('CoreDNS answers the same', { skip: noCoreDns() ?? false }, () => {
  for (const use of lines) {
    test(use, async () => {
      await using upstream = await startUpstream(script)
      const block = `${use}\nforward . ${upstream.to}`
      await using theirs = await CoreDns.start(`. {\n${block}\n}\n`)
      await using ours = await startInProcess(block)
      const different: string[] = []
      for (const options of queries) {
        for (const name of names) {
          for (const type of ['A', 'AAAA', 'TXT']) {
            const told = async ({ port }: { port: number }) => {
              const answer = readMessage(await askUdp(queryMessage(name, type, options), { port }))
              const { flags, ...rest } = comparable(answer)
              return JSON.stringify({ ...rest, flags: flags.replace(/ (ra|cd)\b/g, ''), question: answer.question })
            }
            const [their, our] = await Promise.all([told(theirs), told(ours)])
            if (our !== their) different.push(`${name} ${type}:\n${our}\n${their}`)
          }
        }
      }
      assert.equal(different.join('\n'), '')
    })
  }

  test('and refuses the same', async () => {
    for (const options of [
      'ipv6_prefix 192.0.2.0/24',
      'ipv6_prefix 64:ff9b::',
      'ipv6_prefix 64:ff9b::/95',
      'ipv6_prefix 2001:db8:0:0:100::/96',
      'ipv6_prefix',
      'eam 192.0.2.1',
      'eam 2001:db8::1 192.0.2.1',
      'eam x 2001:db8::1',
      'x',
    ]) {
      const use = `siit {\n${options}\n}`
      await assert.rejects(
        CoreDns.start(`. {\n${use}\n}\n`).then(server => server[Symbol.asyncDispose]()),
        use,
      )
      await assert.rejects(
        startInProcess(use).then(server => server[Symbol.asyncDispose]()),
        use,
      )
    }
  })
})
