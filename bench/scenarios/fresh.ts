import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { edits, numbered } from '../edits.ts'
import { istioCoredns } from '../peers/istio-coredns.ts'
import { manifest, mesh, type Registry } from '../registry.ts'
import { count, decimals, type Row } from '../report.ts'
import { quantile } from '../statistics.ts'
import { verify } from '../verify.ts'
import { Watcher } from '../watcher.ts'
import type { Scenario } from './scenario.ts'

const EDITS = 200

const [SERVICE, NAMESPACE] = ['web', 'fresh']
const name = `${SERVICE}.${NAMESPACE}.svc.cluster.local`
/** Other addresses for each edit. */
const addresses = (edit: number) => [1, 2].map(last => `10.200.${edit % 250}.${last}`)
/** All names of the other scenarios, and one more in a file of its own. */
const registry: Registry = { ...mesh, entries: [...mesh.entries, { name, addresses: addresses(0) }] }

const milliseconds = decimals(1)
const columns = [
  { key: 'edits', title: 'edits', format: count },
  { key: 'p50', title: 'p50 ms', format: milliseconds },
  { key: 'p99', title: 'p99 ms', format: milliseconds },
  { key: 'max', title: 'max ms', format: milliseconds },
  { key: 'late', title: 'late', format: count },
  { key: 'empty', title: 'empty', format: count },
  { key: 'wrong', title: 'wrong', format: count },
  { key: 'lost', title: 'lost', format: count },
  { key: 'asked', title: 'queries', format: count },
] as const

/** From the moment before the edit to the first reply with the new addresses, while a client asks without pause. */
export const fresh: Scenario = {
  name: 'fresh',
  title: `${EDITS} edits of a manifest, each until the answer tells it`,
  async run({ stand, say }) {
    const server = await stand.start(istioCoredns, { memory: { registry, from: 'mesh' } })
    await verify(server, [{ name, rcode: 'NOERROR', addresses: addresses(0) }])
    const file = join(server.folder, 'manifests', `${NAMESPACE}.yaml`)
    const ways: Record<string, (text: string) => void> = {
      rename: text => renameSync(stand.write('new.yaml', text), file),
      'in place': text => writeFileSync(file, text),
    }
    using watcher = new Watcher(server.port, name, outcomeOf(0))
    let from = 0
    const rows: Row[] = []
    for (const [way, write] of Object.entries(ways)) {
      say(`fresh: ${way}`)
      const before = { ...watcher.counts }
      const { delays, late } = await edits(watcher, numbered(EDITS, from), outcomeOf, i =>
        write(manifest(SERVICE, NAMESPACE, addresses(i))),
      )
      from += EDITS
      const { asked, empty, wrong, lost } = watcher.counts
      rows.push({
        server: way,
        values: {
          edits: delays.length,
          p50: quantile(delays, 0.5),
          p99: quantile(delays, 0.99),
          max: quantile(delays, 1),
          late,
          empty: empty - before.empty,
          wrong: wrong - before.wrong,
          lost: lost - before.lost,
          asked: asked - before.asked,
        },
      })
    }
    return { scenario: this.name, title: this.title, columns, rows, notes: watcher.examples }
  },
}

function outcomeOf(edit: number): string {
  return `NOERROR ${addresses(edit).join(' ')}`
}
