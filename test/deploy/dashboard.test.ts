/** The dashboard of deploy/components/grafana-dashboard: what it shows is there, and each panel has a place of its own. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { stringify } from 'yaml'
import { read } from '#test/house/files.ts'
import { checkExpression } from './expressions.ts'

const run = promisify(execFile)
const skip = spawnSync('promtool', ['--version']).status === 0 ? false : 'promtool is not on this machine'

interface Panel {
  readonly id: number
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

const dashboard = JSON.parse(read('deploy/components/grafana-dashboard/istio-coredns.json').text)
const panels: readonly Panel[] = dashboard.panels
const targets = panels.flatMap(({ title, targets = [] }) => targets.map(target => ({ title, ...target })))

test('each panel looks at metrics of the server, by labels that they have', () => {
  for (const { title, expr, legendFormat } of targets) {
    checkExpression(title, expr, '$job')
    const by = [...expr.matchAll(/ by \((.*?)\)/g)].flatMap(([, names]) => names!.split(', '))
    for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) assert.ok(by.includes(label!), `${title}: ${label} is lost`)
  }
})

test('its variables are metrics of the server', () => {
  const queries: string[] = dashboard.templating.list.map(({ query }: { query: string }) => query)
  assert.deepEqual(
    queries.map(query => /coredns_\w+/.exec(query)?.[0]),
    [undefined, 'coredns_serving_threads', 'coredns_build_info'],
  )
})

test('no two panels have one place or number', () => {
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  const taken = new Set<string>()
  for (const { title, gridPos } of panels)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(x < 24 && !taken.has(`${x} ${y}`), title)
        taken.add(`${x} ${y}`)
      }
})

test('Prometheus understands every expression', { skip }, async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'dashboard-'))
  const rules = targets.map(({ expr }, i) => ({ record: `panel:${i}`, expr: expr.replaceAll('$__rate_interval', '5m') }))
  await writeFile(join(folder.path, 'rules.yaml'), stringify({ groups: [{ name: 'dashboard', rules }] }))
  await run('promtool', ['check', 'rules', 'rules.yaml'], { cwd: folder.path })
})
