import type { Context } from './b3.ts'
import type { SpanRecord } from './trace.ts'

/** Who saw a span. */
export interface Endpoint {
  readonly serviceName: string
  readonly ipv4?: string
  readonly ipv6?: string
  readonly port?: number
}

/** A span that waits to be sent. */
export type ReportedSpan = SpanRecord & { readonly localEndpoint: Endpoint }

export interface Complaint {
  readonly message: string
  readonly rejected: number
}

/** How collectors of one kind are spoken to, over HTTP, in JSON. */
export interface Protocol {
  /** Of the URL, where the Corefile names host and port alone. */
  readonly path: string
  /** Statuses after which the same spans are sent again. */
  readonly retried: ReadonlySet<number>
  /** Of which trace a request is part, by its headers; undefined where that cannot be understood. */
  readContext(headers: Readonly<Record<string, unknown>>): Context | undefined
  /** @param rootId of its first span, 16 hex digits */
  newTraceId(rootId: string): string
  /** @param spans at least one */
  write(spans: readonly ReportedSpan[]): string
  /** What a collector says about spans that it was sent, and of how many it has taken none. @param body of its response */
  readComplaint(body: string): Complaint | undefined
}
