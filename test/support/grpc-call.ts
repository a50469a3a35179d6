/** One call of gRPC, with whatever headers and body. */
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2'
import { QUERY } from '#src/grpc/dns-service.ts'
import { statusOf } from '#src/grpc/status.ts'

/** How a call ended; without a status, its stream was cut off. */
export interface Ending {
  readonly http: number | undefined
  readonly code: number | undefined
  readonly message: string | undefined
  readonly body: Buffer
}

/** @param body its parts, or nothing where it does not end */
export function call(
  session: ClientHttp2Session,
  body: readonly Uint8Array[] | undefined,
  headers: Readonly<Record<string, string>> = {},
): Promise<Ending> {
  const stream = session.request({
    ':method': 'POST',
    ':path': QUERY,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  })
  let head: IncomingHttpHeaders = {}
  let last: IncomingHttpHeaders = {}
  const chunks: Buffer[] = []
  stream
    .on('response', response => {
      head = response
    })
    .on('trailers', trailers => {
      last = trailers
    })
    .on('data', (chunk: Buffer) => chunks.push(chunk))
    .on('error', () => {})
  for (const part of body ?? []) stream.write(part)
  if (body) stream.end()
  return new Promise(resolve =>
    stream.once('close', () => {
      const status = statusOf(last) ?? statusOf(head)
      resolve({
        http: Number(head[':status']) || undefined,
        code: status?.code,
        message: status?.message,
        body: Buffer.concat(chunks),
      })
    }),
  )
}
