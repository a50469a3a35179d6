/** Results as tables for people and as JSON for machines. */
import { cpus, release, totalmem } from 'node:os'
import { istioCoredns } from './peers/istio-coredns.ts'

export interface Column {
  /** The name of the value in a row. */
  key: string
  title: string
  format(value: number): string
  /** Whether a row that divides this server by another says something. */
  ratio?: true
}

export interface Row {
  server: string
  /** By the keys of the columns. */
  values: Readonly<Record<string, number>>
}

/** What a scenario found out. This server's row, if there is one, is the first. */
export interface Table {
  scenario: string
  title: string
  columns: readonly Column[]
  rows: readonly Row[]
  /** What the reader has to know: servers left out and why. */
  notes: readonly string[]
}

export const count: Column['format'] = value => Math.round(value).toLocaleString('en')
export const percent: Column['format'] = value => `${(value * 100).toFixed(1)} %`
export const decimals =
  (digits: number): Column['format'] =>
  value =>
    value.toFixed(digits)

/** This server's row divided by each of the others, in the columns where that says something. */
function ratios({ columns, rows }: Table): Row[] {
  const [ours, ...others] = rows
  if (ours?.server !== istioCoredns.name) return []

  const divided = columns.filter(column => column.ratio).map(column => column.key)
  return others.map(({ server, values }) => ({
    server: `÷ ${server}`,
    values: Object.fromEntries(divided.map(key => [key, ours!.values[key]! / values[key]!])),
  }))
}

export function renderTable(table: Table): string {
  const { columns, rows, notes } = table
  const lines = [
    ['', ...columns.map(column => column.title)],
    ...rows.map(row => [row.server, ...columns.map(({ key, format }) => cell(row.values[key], format))]),
    ...ratios(table).map(row => [row.server, ...columns.map(({ key }) => cell(row.values[key], decimals(2), ''))]),
  ]
  const widths = lines[0]!.map((_, i) => Math.max(...lines.map(line => line[i]!.length)))
  const aligned = lines.map(line => line.map((text, i) => (i ? text.padStart(widths[i]!) : text.padEnd(widths[i]!))).join('  '))
  return [`${table.scenario}: ${table.title}`, ...aligned.map(line => line.trimEnd()), ...notes, ''].join('\n')
}

function cell(value: number | undefined, format: Column['format'], absent = '-'): string {
  return value === undefined ? absent : format(value)
}

/** The machine and the versions, without which the figures say nothing. */
export interface Setting {
  machine: string
  /** By server. */
  versions: Readonly<Record<string, string>>
}

export function describeMachine(): string {
  const processors = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${processors.length} × ${processors[0]?.model.trim()}, ${memory} GiB, ${process.platform} ${release()}, node ${process.version}`
}

export function renderJson(setting: Setting, tables: readonly Table[]): string {
  const scenarios = tables.map(table => ({
    scenario: table.scenario,
    title: table.title,
    servers: table.rows.map(({ server, values }) => ({ server, ...values })),
    ratios: ratios(table).map(({ server, values }) => ({ server, ...values })),
    notes: table.notes,
  }))
  return JSON.stringify({ ...setting, scenarios }, undefined, 2)
}
