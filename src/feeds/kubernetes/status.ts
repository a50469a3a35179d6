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

/** Status codes by which a server says that it cannot begin a watch with all objects. */
export const CANNOT_STREAM = [400, 405, 422, 501]
/** Status codes by which it says that it does not write what was asked for. */
export const CANNOT_WRITE = [406, 415]
