/** Who sees a host (`exportTo` of a ServiceEntry or VirtualService, `networking.istio.io/exportTo` of a Service). */

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
