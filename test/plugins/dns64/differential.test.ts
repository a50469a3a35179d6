/** CoreDNS answers the same but for what the README tells. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { askUdp } from '#test/support/client.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { startInProcess } from '#test/support/in-process.ts'
import { comparable, type QueryOptions, queryMessage, readMessage } from '#test/support/message.ts'
import { startUpstream } from '#test/support/upstream.ts'
import { script } from './upstream.ts'

const names = [
  'v4', 'V4', 'short', 'v6', 'both', 'alias', 'dangling', 'text', 'private', 'gone', 'refuses', 'fails', 'formerr', 'denies', 'bare', 'slow',
  'afails', 'arefuses', 'more', 'mapped', 'some',
].map(label => `${label}.example.org`) // biome-ignore format: a table

/** Names that are answered otherwise, and with which lines. */
const otherwise: Readonly<Record<string, RegExp>> = {
  'mapped.example.org': /^(?!.*translate_all)/s,
  'some.example.org': /^(?!.*translate_all)/s,
  'v6.example.org': /translate_all/,
}

const lines = [
  'dns64',
  'dns64 64:1337::/96',
  'dns64 {\n prefix 2001:db8::/32\n}',
  'dns64 2001:db8:122::/40',
  'dns64 2001:db8:122::/48',
  'dns64 2001:db8:122:300::/56',
  'dns64 2001:db8:122:344::/64',
  'dns64 {\n allow_ipv4\n}',
  'dns64 {\n translate_all\n}',
  'dns64 2001:db8::/32\ndns64 {\n allow_ipv4\n}',
]

const clients: readonly (QueryOptions & { address: string })[] = [
  { address: '::1' },
  { address: '::1', edns: { udpSize: 1232, dnssecOk: true } },
  { address: '::1', flags: 0x0110 },
  { address: '127.0.0.1' },
]

suite('CoreDNS answers the same', { skip: noCoreDns() ?? false }, () => {
  for (const use of lines) {
    test(use, async () => {
      await using upstream = await startUpstream(script)
      const block = `${use}\nforward . ${upstream.to}`
      await using theirs = await CoreDns.start(`. {\n${block}\n}\n`)
      await using ours = await startInProcess(block)
      const different: string[] = []
      for (const { address, ...options } of clients) {
        for (const name of names) {
          for (const type of ['AAAA', 'A', 'TXT']) {
            const told = async ({ port }: { port: number }) => {
              const answer = readMessage(await askUdp(queryMessage(name, type, options), { port, address }))
              const { flags, ...rest } = comparable(answer)
              return JSON.stringify({ ...rest, flags: flags.replace(/ (ra|cd)\b/g, ''), question: answer.question })
            }
            const [their, our] = await Promise.all([told(theirs), told(ours)])
            const isOther = type === 'AAAA' && otherwise[name]?.test(use)
            const isTranslated = address === '::1' || use.includes('allow_ipv4')
            if (isOther && isTranslated ? our === their : our !== their)
              different.push(`${name} ${type} from ${address}:\n${our}\n${their}`)
          }
        }
      }
      assert.equal(different.join('\n'), '')
    })
  }

  test('and refuses the same', async () => {
    for (const use of [
      'dns64 192.0.2.0/24',
      'dns64 64:ff9b::',
      'dns64 64:ff9b::/95',
      'dns64 a b',
      'dns64 {\n prefix\n}',
      'dns64 {\n x\n}',
    ]) {
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
