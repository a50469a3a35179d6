/** CoreDNS takes the same clients from the same headers, but for what the README tells. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { type InProcessServer, startInProcess } from '#test/support/in-process.ts'
import { Random, SEED } from '#test/support/random.ts'
import { overTcp, overUdp, type Told } from './asking.ts'
import { HEADERS } from './headers.ts'

const OPTIONS = [
  '',
  'default use',
  'default ignore',
  'default reject',
  'default skip',
  'allow 127.0.0.0/8',
  'allow 192.0.2.0/24',
  'allow 192.0.2.0/24\ndefault reject',
  'udp_session_tracking 10s',
]

/** What CoreDNS takes for a client, or does not, by mistake. */
const OTHERWISE = {
  // It reads 512 octets.
  udp: /^3000 octets/,
  // A path is no address.
  tcp: /^a path/,
}

/** How many mutations are tried. */
const MANY = 400

type Headers = readonly (readonly [name: string, header: Buffer])[]

/** One to three octets are others, or one more or less is there; over UDP, the length stays, so that what is behind it is the query. None has a path. */
function mutations(random: Random, isWhole: boolean): Headers {
  const right = Object.values(HEADERS).filter(header => header.length > 0 && header.length < 300)
  return Array.from({ length: MANY }, () => {
    let header = Buffer.from(random.one(...right))
    for (let changes = 1 + random.below(3); changes > 0; changes--) {
      const at = random.below(header.length)
      const kind = isWhole ? 0 : random.below(4)
      if (kind === 1) header = Buffer.concat([header.subarray(0, at), header.subarray(at + 1)])
      else if (kind === 2) header = Buffer.concat([header.subarray(0, at), Buffer.of(random.below(256)), header.subarray(at)])
      else if (!isWhole || (at !== 14 && at !== 15))
        header[at] = random.one(header[at]! ^ (1 << random.below(8)), random.below(256))
    }
    return [header.toString('hex'), header] as const
  }).filter(([, header]) => header.length < 14 || header[13]! >> 4 !== 3)
}

suite('CoreDNS takes the same clients', { skip: noCoreDns() ?? false }, () => {
  for (const options of OPTIONS)
    suite(options.replaceAll('\n', ' '), () => {
      let ours: InProcessServer
      let theirs: CoreDns
      before(async () => {
        const block = `proxyproto {\n${options}\n}\nwhoami`
        ours = await startInProcess(block)
        theirs = await CoreDns.start(`. {\n${block}\n}\n`)
      })
      after(async () => {
        await ours?.[Symbol.asyncDispose]()
        await theirs?.[Symbol.asyncDispose]()
      })

      /** Each header from a socket of its own: what one says is not of another. */
      const compare = async (headers: Headers, ask: (port: number, header: Buffer) => Promise<Told>) => {
        const different: string[] = []
        for (let at = 0; at < headers.length; at += 50)
          await Promise.all(
            headers.slice(at, at + 50).map(async ([name, header]) => {
              const [our, their] = await Promise.all([ask(ours.port, header), ask(theirs.port, header)])
              // Of a header of UDP on a connection it takes the protocol, too.
              const isSame = clientIn(our) === clientIn(their)
              if (!isSame) different.push(`${name}: ${our}, and to CoreDNS ${their}`)
            }),
          )
        return different
      }
      const clientIn = (told: Told) => (told === 'nobody' ? undefined : told?.replace(/ _...$/, ''))
      const udp = async (port: number, header: Buffer) => (await overUdp(port, [header]))[0]
      const known = (except: RegExp) => Object.entries(HEADERS).filter(([name]) => !except.test(name))

      test('over UDP', async () => assert.deepEqual(await compare(known(OTHERWISE.udp), udp), []))

      test('over TCP', async () => assert.deepEqual(await compare(known(OTHERWISE.tcp), overTcp), []))

      test(`${MANY} mutations, SEED=${SEED}`, async () => {
        const random = new Random(SEED)
        assert.deepEqual(await compare(mutations(random, true), udp), [])
        assert.deepEqual(await compare(mutations(random, false), overTcp), [])
      })
    })
})
