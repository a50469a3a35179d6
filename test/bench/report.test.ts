import assert from 'node:assert/strict'
import { test } from 'node:test'
import { count, decimals, renderJson, renderTable, type Table } from '../../bench/report.ts'

const table: Table = {
  scenario: 'mesh',
  title: 'names from memory',
  columns: [
    { key: 'rate', title: 'queries/s', format: count, ratio: true },
    { key: 'cpu', title: 'µs', format: decimals(1), ratio: true },
    { key: 'lost', title: 'lost', format: count },
  ],
  rows: [
    { server: 'istio-coredns', values: { rate: 90_000, cpu: 10, lost: 0 } },
    { server: 'knot', values: { rate: 180_000, cpu: 5, lost: 1 } },
  ],
  notes: ['dnsmasq is left out'],
}

test('a table has a line for each server, one for each comparison, and its notes', () => {
  assert.equal(
    renderTable(table),
    `mesh: names from memory
               queries/s    µs  lost
istio-coredns     90,000  10.0     0
knot             180,000   5.0     1
÷ knot              0.50  2.00
dnsmasq is left out
`,
  )
})

test('without this server there is nothing to compare', () => {
  const others = { ...table, rows: [table.rows[1]!, { ...table.rows[1]!, server: 'coredns' }] }
  assert.doesNotMatch(renderTable(others), /÷/)
})

test('JSON carries the setting, the unrounded values, and the comparisons by column', () => {
  const setting = { machine: '2 × processor', versions: { knot: '3.2.6' } }
  assert.deepEqual(JSON.parse(renderJson(setting, [table])), {
    ...setting,
    scenarios: [
      {
        scenario: 'mesh',
        title: 'names from memory',
        servers: [
          { server: 'istio-coredns', rate: 90_000, cpu: 10, lost: 0 },
          { server: 'knot', rate: 180_000, cpu: 5, lost: 1 },
        ],
        ratios: [{ server: '÷ knot', rate: 0.5, cpu: 2 }],
        notes: ['dnsmasq is left out'],
      },
    ],
  })
})
