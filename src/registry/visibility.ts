/** Who sees a host (`exportTo` of a ServiceEntry or VirtualService, `networking.istio.io/exportTo` of a Service). */
import type { HostRecord } from './record.ts'

interface Exported {
  readonly namespace: string
  readonly exportTo?: readonly string[] | undefined
}

/** Whether some do not. */
export const isRestricted = (exportTo: readonly string[] | undefined): boolean =>
  exportTo !== undefined && exportTo.length > 0 && !exportTo.includes('*')

/** `*` is for all whatever else is said, and `~`, without it, for none. @param client the client's namespace; `''` if it has none, or none that is known */
export function isVisible({ namespace, exportTo }: Exported, client: string): boolean {
  if (exportTo === undefined || !isRestricted(exportTo)) return true
  return (
    client !== '' && !exportTo.includes('~') && exportTo.some(each => each === client || (each === '.' && namespace === client))
  )
}

/** Gives for each of a host's records those that tell who sees it: itself, or what other sources tell of the same object, where any does. */
export function tellersOf(records: readonly HostRecord[]): (record: HostRecord) => readonly HostRecord[] {
  if (!records.some(({ exportUntold }) => exportUntold)) return record => [record]
  const told = records.filter(({ exportUntold }) => !exportUntold)
  const ofNamespace = Map.groupBy(told, ({ namespace }) => namespace)
  return record => {
    if (!record.exportUntold) return [record]
    // EDS does not tell the namespaces of ServiceEntries.
    const candidates = record.namespace === '' ? told : (ofNamespace.get(record.namespace) ?? [])
    const same = candidates.filter(({ kind }) => kind === record.kind)
    return same.length > 0 ? same : [record]
  }
}
