import type { Readable } from 'node:stream'

/** What an API server answers. */
export interface Response {
  readonly status: number
  /** The content type, `''` where it says none. */
  readonly type: string
  /** Seconds to wait (RFC 9110 §10.2.3), where it says so. */
  readonly retryAfter: number | undefined
  readonly body: Readable
  /** When the server was last heard of beside the body, by the monotonic clock in milliseconds. */
  heard(): number
}

/** Connections to one API server. */
export interface Transport {
  /** Whether it can be asked. */
  readonly open: boolean
  /** @param path with the query @throws {Error} no answer came */
  get(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response>
  /** Takes no more requests, and ends when the running ones have ended. */
  retire(): void
}

/** The server says nothing, although the connection stands. */
export class Silent extends Error {
  override readonly name = 'Silent'
}

/** The connection has ended before the server looked at the request. */
export class Unseen extends Error {
  override readonly name = 'Unseen'
}

/** Seconds; the form with a date, which nobody sends here, is not read. */
export const secondsOf = (retryAfter: string | string[] | undefined): number | undefined =>
  typeof retryAfter === 'string' && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : undefined
