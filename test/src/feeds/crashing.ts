/** The thread of a feed that fails: its first run tells of two hosts, the second of one of them, and both end in an error. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Report } from '#src/feeds/report.ts'
import type { HostRecord } from '#src/registry/record.ts'

const { runs } = workerData as { runs: Int32Array }
const run = Atomics.add(runs, 0, 1)
const record = (host: string): HostRecord => ({
  kind: 'ServiceEntry',
  namespace: 'default',
  host,
  vips: [],
  ports: [],
  groups: [],
  targets: [],
})

const changes: Report['changes'] = [
  ['one', record('\x03one\0')],
  ['two', record('\x03two\0')],
]
parentPort!.postMessage({ changes: run === 0 ? changes : changes.slice(0, 1) } satisfies Report)
parentPort!.once('message', () => {
  parentPort!.postMessage({ complete: true } satisfies Report)
  if (run === 0)
    parentPort!.once('message', () => {
      throw new Error('for a test')
    })
})
