import { readContext } from './b3.ts'
import type { Protocol, ReportedSpan } from './protocol.ts'

/** Zipkin's API, version 2 (zipkin.io/zipkin-api). */
export const zipkin: Protocol = {
  path: '/api/v2/spans',
  retried: new Set(),
  readContext,
  newTraceId: rootId => rootId,
  write: spans => JSON.stringify(spans.map(written)),
  readComplaint: () => undefined,
}

/** What went wrong is told as CoreDNS tells it. */
function written(span: ReportedSpan): object {
  const { error, timestamp, duration, tags, ...others } = span
  if (error === undefined) return span
  const annotations = ['event:error', `error.object:${error}`].map(value => ({ timestamp: timestamp + duration, value }))
  return { ...others, timestamp, duration, tags: { ...tags, error: 'true' }, annotations }
}
