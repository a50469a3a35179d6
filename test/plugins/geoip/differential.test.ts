/** CoreDNS tells the same of clients, from the same databases. */
import assert from 'node:assert/strict'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { toOctets } from '#src/dns/address.ts'
import { askUdp } from '#test/support/client.ts'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { InProcessServer } from '#test/support/in-process.ts'
import { queryMessage, readMessage } from '#test/support/message.ts'
import { writeMmdb } from '#test/support/mmdb.ts'
import { asn, city, LABELS, places, subnet } from './data.ts'

const sized = (recordSize: 24 | 28 | 32, ipVersion: 4 | 6) => {
  const networks = Object.entries(places).filter(([cidr]) => ipVersion === 6 || !cidr.includes(':'))
  return writeMmdb({ type: 'GeoIP2-Country', networks: Object.fromEntries(networks), recordSize, ipVersion })
}

const databases = { city, asn, b28: sized(28, 6), b32: sized(32, 6), v4: sized(24, 4) }

const block = (zone: string, path: string) => `${zone} {
  bind 127.0.0.1
  metadata
  geoip ${path} {
    edns-subnet
  }
  template IN TXT {
    answer "{{ .Name }} 60 IN TXT \\"${LABELS.map(label => `{{ .Meta \`geoip/${label}\` }}`).join('|')}\\""
  }
}
`

const subnets = [
  undefined,
  ...['81.2.69.1', '81.2.69.142', '127.0.0.1', '127.0.0.2', '10.0.0.1', '0.0.0.0', '255.255.255.255', '2001:db8::7', '::1', '2001:db9::'].map(address => {
    const octets = toOctets(address)!
    return subnet(octets.length === 4 ? 1 : 2, 8 * octets.length, ...octets)
  }),
  subnet(1, 24, 81, 2, 69),
  subnet(2, 32, 0x20, 1, 0x0d, 0xb8),
  subnet(2, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 81, 2, 69, 1),
  subnet(0, 0),
  subnet(1, 0),
  subnet(2, 0),
] // biome-ignore format: a list

suite('CoreDNS tells the same', { skip: noCoreDns() ?? false }, () => {
  test('of clients and their networks', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'geoip-'))
    const zones = Object.keys(databases)
    for (const [name, content] of Object.entries(databases)) await writeFile(join(folder.path, name), content)
    const corefile = zones.map(name => block(`${name}.example`, join(folder.path, name))).join('')
    await using theirs = await CoreDns.start(corefile)
    await using ours = new InProcessServer(corefile.replaceAll(/^(\S+) \{$/gm, '$1:0 {'))
    await ours.server.start()
    const different: string[] = []
    // With a database of IPv4 alone, CoreDNS takes networks for IPv6.
    for (const [i, zone] of zones.entries())
      for (const option of zone === 'v4' ? subnets.slice(0, 1) : subnets)
        for (const from of ['127.0.0.1', '127.0.0.2', '127.0.0.9']) {
          const message = queryMessage(`${zone}.example`, 'TXT', option ? { edns: { options: [option] } } : {})
          const [their, our] = await Promise.all(
            [theirs.port, ours.server.zones[i]!.port].map(
              async port => readMessage(await askUdp(message, { port, from })).answer[0],
            ),
          )
          if (our !== their) different.push(`${zone} ${option?.[1]} from ${from}: ${our} instead of ${their}`)
        }
    assert.deepEqual(different, [])
  })
})
