/** What several sources, or several objects of one source, say of a host, and which of it counts. */
import type { Beyond } from './known.ts'
import type { HostRecord } from './record.ts'
import { isRestricted, tellersOf } from './visibility.ts'

/** What one source says of a host. */
export interface Part {
  readonly source: number
  readonly id: string
  readonly record: HostRecord
}

const RANK = { Namespace: 0, ServiceEntry: 1, Service: 2 } as const

/**
 * The parts that count, as in Istio: a Service takes precedence over a ServiceEntry, if not that one alone is of the client's namespace. Of ServiceEntries, in each source
 * those of one namespace count: the client's, else that of the one that is exported to its namespace by name, else that of the oldest.
 */
export function countingOf(parts: readonly Part[], client: string): readonly Part[] {
  if (parts.length < 2) return parts
  const own = parts.filter(({ record }) => client !== '' && record.namespace === client)
  const ranks = own.some(({ record }) => record.kind === 'ServiceEntry') ? own : parts
  const rank = Math.max(...ranks.map(({ record }) => RANK[record.kind]))
  const highest = parts.filter(({ record }) => RANK[record.kind] === rank)
  const tellers = tellersOf(highest.map(({ record }) => record))
  const first = new Map<number, HostRecord>()
  for (const { source, record } of highest) {
    const held = first.get(source)
    if (!held || precedence(tellers(record)[0]!, tellers(held)[0]!, client) < 0) first.set(source, record)
  }
  return highest.filter(({ source, record }) => record.namespace === first.get(source)!.namespace)
}

/** Whether ServiceEntries of several namespaces in one source have it, or one of another namespace than its Service. */
export function isContested(parts: readonly Part[]): boolean {
  const service = parts.find(({ record }) => record.kind === 'Service')?.record.namespace
  const namespaces = new Map<number, string>()
  for (const { source, record } of parts) {
    if (record.kind !== 'ServiceEntry') continue
    const held = service ?? namespaces.get(source) ?? record.namespace
    if (held !== record.namespace) return true
    namespaces.set(source, held)
  }
  return false
}

/** Negative where `a` comes before `b`. */
const precedence = (a: HostRecord, b: HostRecord, client: string): number =>
  Number(b.namespace === client) - Number(a.namespace === client) ||
  Number(isRestricted(b.exportTo)) - Number(isRestricted(a.exportTo)) ||
  (a.created ?? 0) - (b.created ?? 0) ||
  (a.namespace < b.namespace ? -1 : 1)

/** The virtual addresses of the first source that has any: those of another cluster lead nowhere in this one. */
export function firstVips(parts: readonly Part[]): string[] {
  const first = parts.find(({ record }) => record.vips.length > 0)
  return parts.filter(({ source }) => source === first?.source).flatMap(({ record }) => record.vips)
}

export function beyondOf(parts: readonly Part[]): Beyond | undefined {
  const target = parts.find(({ record }) => record.alias !== undefined)?.record.alias
  if (target !== undefined) return { kind: 'alias', target }
  if (parts.some(({ record }) => record.targets.length > 0))
    return { kind: 'targets', targets: parts.flatMap(({ record }) => record.targets) }
  return parts.length > 0 && parts.every(({ record }) => record.elsewhere) ? { kind: 'elsewhere' } : undefined
}
