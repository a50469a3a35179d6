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

/** Whether a record of a host is visible, which may be for another source to tell. @param records all of the host's */
export function isSeen(record: HostRecord, records: readonly HostRecord[], client: string): boolean {
  if (!record.exportUntold) return isVisible(record, client)
  const told = records.filter(other => tellsOf(other, record))
  return told.length === 0 || told.some(other => isVisible(other, client))
}

/** Whether `other` is about the same object, and tells who sees it. EDS does not tell the namespaces of ServiceEntries. */
const tellsOf = (other: HostRecord, { kind, namespace }: HostRecord): boolean =>
  !other.exportUntold && other.kind === kind && (namespace === '' || other.namespace === namespace)
