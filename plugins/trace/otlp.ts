import { randomBytes } from 'node:crypto'
import { readContext } from './b3.ts'
import type { Complaint, Protocol, ReportedSpan } from './protocol.ts'
import { readTraceparent } from './traceparent.ts'

/** Span.SpanKind, and Status.StatusCode. */
const KIND = { INTERNAL: 1, SERVER: 2, CLIENT: 3 } as const
const ERROR = 2

/** Hex digits of the id of a trace. */
const DIGITS = 32

/** OTLP/HTTP in JSON (opentelemetry.io/docs/specs/otlp), of OpenTelemetry. */
export const otlp: Protocol = {
  path: '/v1/traces',
  retried: new Set([429, 502, 503, 504]),
  readContext(headers) {
    const context = readTraceparent(headers.traceparent) ?? readContext(headers)
    return context && { ...context, traceId: context.traceId?.padStart(DIGITS, '0') }
  },
  newTraceId: () => randomBytes(DIGITS / 2).toString('hex'),
  write(spans) {
    const resource = { attributes: attributes({ 'service.name': spans[0]!.localEndpoint.serviceName }) }
    return JSON.stringify({
      resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'istio-coredns' }, spans: spans.map(written) }] }],
    })
  },
  readComplaint,
}

/** `partialSuccess` of ExportTraceServiceResponse. */
function readComplaint(body: string): Complaint | undefined {
  try {
    const { rejectedSpans = 0, errorMessage = '' } = JSON.parse(body).partialSuccess
    const rejected = Number(rejectedSpans) || 0
    return rejected > 0 || errorMessage !== '' ? { message: String(errorMessage), rejected } : undefined
  } catch {
    return undefined
  }
}

function written({ traceId, id, parentId, name, kind, timestamp, duration, tags, error, localEndpoint }: ReportedSpan): object {
  const { ipv4, ipv6, port } = localEndpoint
  const isServer = kind === 'SERVER'
  const address = ipv4 ?? ipv6
  return {
    traceId,
    spanId: id,
    parentSpanId: parentId,
    name,
    kind: isServer ? KIND.SERVER : tags?.['peer.address'] ? KIND.CLIENT : KIND.INTERNAL,
    // Microseconds to nanoseconds; as texts, since numbers of JSON are not as exact.
    startTimeUnixNano: `${timestamp}000`,
    endTimeUnixNano: `${timestamp + duration}000`,
    attributes: attributes({ ...tags, ...(isServer && address && { 'server.address': address, 'server.port': port }) }),
    status: error === undefined ? undefined : { code: ERROR, message: error },
  }
}

const attributes = (values: Readonly<Record<string, string | number | undefined>>): object[] =>
  Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }))
