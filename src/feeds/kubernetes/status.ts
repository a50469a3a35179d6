/** `meta/v1.Status`: why the server does not do what it was asked for. */
export interface Status {
  readonly code: number
  readonly message: string
  /** Seconds to wait, where it says so. */
  readonly retryAfter: number | undefined
}

export function readStatus(value: unknown): Status {
  const { code, message, details } = Object(value) as Record<string, unknown>
  const { retryAfterSeconds: seconds } = Object(details) as Record<string, unknown>
  return {
    code: typeof code === 'number' ? code : 0,
    message: typeof message === 'string' ? message : '',
    retryAfter: typeof seconds === 'number' && seconds > 0 ? seconds : undefined,
  }
}
