/** What clients of gRPC over HTTP/2 have in common. */

/** @param path of the method: `/SERVICE/METHOD` */
export const headersOfCall = (path: string): Record<string, string> => ({
  ':method': 'POST',
  ':path': path,
  'content-type': 'application/grpc',
  te: 'trailers',
  'user-agent': 'istio-coredns',
})

/** Why a connection failed. A name with several addresses has an error for each. */
export function reasonOf(error: Error): string {
  const errors = error instanceof AggregateError ? error.errors.map((one: Error) => one.message) : [error.message]
  return (
    errors
      .map(message => message.trim())
      .filter(message => message !== '')
      .join(', ') || `${(error as NodeJS.ErrnoException).code ?? error.name}`
  )
}
