import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CoreDns, noCoreDns } from '#test/support/coredns.ts'
import { realApiProgram } from '#test/support/kubernetes/build.ts'
import { RealApi } from '#test/support/kubernetes/real-api.ts'
import { comparable } from '#test/support/message.ts'
import { startServer } from '#test/support/server.ts'
import { linesOf } from './apis.ts'
import { definitions, imports, objects } from './objects.ts'

const TYPES = ['A', 'AAAA', 'SRV', 'CNAME', 'TXT', 'PTR', 'MX', 'NS', 'SOA', 'HTTPS', 'ANY', 'AXFR'] as const

/** A use of *kubernetes*, and the names to ask for. */
export interface Setup {
  readonly title: string
  readonly zones: string
  readonly options: readonly string[]
  readonly names: readonly string[]
  /** More lines of the block. */
  readonly more?: string
}

/** Questions that are answered otherwise on purpose, and why. */
export type Difference = readonly [question: RegExp, reason: string]

const corefile = (label: string, { zones, options, more = '' }: Setup, port: number) =>
  `${label} {${linesOf(port, options, zones)}${more}}\n`

/** The same questions to CoreDNS and to this server about the same cluster; `differences` are found, and no others. */
export function besideCoreDns(setups: readonly Setup[], differences: readonly Difference[]): void {
  test('CoreDNS answers the same', { skip: noCoreDns() ?? false, timeout: 110_000 }, async t => {
    const built = await realApiProgram()
    if ('skip' in built) {
      t.skip(built.skip)
      return
    }
    await using api = await RealApi.start(built.program)
    await api.put(...definitions, ...objects)
    for (const object of imports) await api.put(object)
    const different = new Set<unknown>()
    for (const setup of setups) {
      await t.test(setup.title, async () => {
        await using theirs = await CoreDns.start(corefile('.', setup, api.port))
        await using ours = await startServer(corefile('.:0', setup, api.port))
        const differing: string[] = []
        for (const name of setup.names) {
          // One name at a time is quick enough, and loses no datagram.
          const replies = TYPES.map(async type => {
            const asked = { edns: { udpSize: 4096 } }
            const [their, our] = await Promise.all([theirs.query(name, type), ours.query(name, type, asked)])
            return { question: `${name} ${type}`, their: JSON.stringify(comparable(their)), our: JSON.stringify(comparable(our)) }
          })
          for (const { question, their, our } of await Promise.all(replies)) {
            if (their === our) continue
            const told = differences.find(([pattern]) => pattern.test(question))
            if (told) different.add(told)
            else differing.push(`${question}\n  ${their}\n  ${our}`)
          }
        }
        // What differs, whole: an assertion would cut it.
        if (differing.length > 0) assert.fail(`CoreDNS, then this server:\n${differing.join('\n')}`)
      })
    }
    for (const difference of differences) assert.ok(different.has(difference), `nothing differs any more: ${difference[1]}`)
  })
}
