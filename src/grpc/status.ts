/** How calls end (github.com/grpc/grpc, doc/statuscodes.md). */
import type { IncomingHttpHeaders } from 'node:http2'

export const STATUS = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const

/** A call that fails, and the status that says so. */
export class CallError extends Error {
  override readonly name = 'CallError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** How a call failed, in the words of Go's library of gRPC: `rpc error: code = DeadlineExceeded desc = …`. */
export function inGo({ code, message }: CallError): string {
  const [name] = Object.entries(STATUS).find(([, value]) => value === code) ?? []
  const words = name?.toLowerCase().replace(/(?:^|_)(.)/g, (_match, letter: string) => letter.toUpperCase())
  return `rpc error: code = ${words?.replace('Cancelled', 'Canceled') ?? `Code(${code})`} desc = ${message}`
}

/** How headers or trailers say that the call has ended; undefined where they do not. */
export function statusOf(headers: IncomingHttpHeaders): { readonly code: number; readonly message: string } | undefined {
  const code = headers['grpc-status']
  return code === undefined ? undefined : { code: Number(code), message: decode(`${headers['grpc-message'] ?? ''}`) }
}

/** The same as headers. */
export const writeStatus = (code: number, message = ''): Record<string, string> => ({
  'grpc-status': `${code}`,
  ...(message !== '' && { 'grpc-message': encode(message) }),
})

/** Headers hold printable ASCII, and what is not that as octets of UTF-8, in percent. */
const encode = (text: string): string => text.toWellFormed().replace(/[^ -$&-~]/gu, encodeURIComponent)

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
