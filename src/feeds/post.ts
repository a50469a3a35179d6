import type { MessagePort } from 'node:worker_threads'
import type { Report } from '../registry/record.ts'

/** Records in one message: taking it in is to cost the serving thread about a millisecond. */
const MAX_CHANGES = 200

/** Posts a report, its changes in messages of a bounded size, the rest of it with the last of them. */
export function post(port: MessagePort, report: Report): void {
  const { changes = [], ...rest } = report
  let at = 0
  for (; changes.length - at > MAX_CHANGES; at += MAX_CHANGES)
    port.postMessage({ changes: changes.slice(at, at + MAX_CHANGES) } satisfies Report)
  port.postMessage({ ...rest, changes: changes.slice(at) } satisfies Report)
}
