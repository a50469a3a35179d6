/** Expressions of PromQL in `deploy/`, against what the READMEs say of the metrics. */
import assert from 'node:assert/strict'
import { filesOf } from '#test/house/files.ts'

/** Labels that a scrape adds. */
const OF_SCRAPE = ['job', 'namespace', 'pod']

/** What a metric of the READMEs has as labels. */
const documented = new Map(
  filesOf('plugins', 'README.md').flatMap(({ text }) =>
    text
      .matchAll(/^\| `(coredns_\w+)` \| [^|]* \|(.*)\|$/gm)
      .map(([, name, labels]) => [name!, labels!.match(/\w+/g) ?? []] as const)
      .toArray(),
  ),
)

/** Each metric of the server in `expr` is there, of this `job`, and has the labels that are named. */
export function checkExpression(what: string, expr: string, job: string): void {
  for (const [, metric, bucket, labels] of expr.matchAll(/\b(coredns_\w+?)(_bucket)?\{(.*?)\}/g)) {
    assert.ok(documented.has(metric!), `${what}: ${metric}`)
    assert.ok(labels!.includes(`job="${job}"`), `${what}: ${labels}`)
    const by = [...expr.matchAll(/ by \((.*?)\)/g)].flatMap(([, names]) => names!.split(', '))
    const named = [...labels!.matchAll(/(\w+)=/g)].map(([, name]) => name!)
    const known = [...OF_SCRAPE, ...documented.get(metric!)!, ...(bucket ? ['le'] : [])]
    for (const label of [...by, ...named]) assert.ok(known.includes(label), `${what}: ${metric} has no ${label}`)
  }
}
