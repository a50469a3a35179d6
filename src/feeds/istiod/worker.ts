/** The thread of an istiod's feed: keeps a stream from it, and posts what changes in the mesh. */
import { parentPort, workerData } from 'node:worker_threads'
import { Complaints } from '../complaints.ts'
import { collectGarbage } from '../garbage.ts'
import { Outbox } from '../outbox.ts'
import type { Report, Traffic } from '../report.ts'
import { Client } from './client.ts'
import type { WorkerData } from './source.ts'
import { Telling } from './telling.ts'
import type { TypeName } from './types.ts'
import type { View } from './view.ts'

/** Octets of a response that leave behind what is worth giving back. */
const MUCH = 1 << 20

const { name, modes, access } = workerData as WorkerData
const telling = new Telling()
const log: [level: 'info' | 'warn', text: string][] = []
const complaints = new Complaints(text => log.push(['warn', `${name}: ${text}`]))
const traffic = new Map<TypeName, { -readonly [part in keyof Traffic]: Traffic[part] }>()
let view: View | undefined
let connected = false
/** Why there is no stream; `''` while there is one. */
let trouble = ''
let rejected = 0
/** Why a response was not accepted last: every response may have the same fault. */
const refusals = new Map<TypeName, string>()
let complete = false
/** Whether much was read since it was rested last. */
let tired = false

const client = new Client(access, modes, {
  connected(source) {
    connected = true
    telling.source = source
    outbox.flush()
  },
  heard: () => outbox.flush(),
  response(source, type, octets, refusal) {
    view = source
    if (trouble !== '') log.push(['info', `${name}: the stream is up again`])
    trouble = ''
    const counts = traffic.get(type) ?? { type, pushes: 0, nacks: 0, octets: 0, time: 0 }
    traffic.set(type, counts)
    counts.pushes++
    counts.time = performance.now()
    counts.octets += octets
    tired ||= octets > MUCH
    if (refusal !== undefined) {
      counts.nacks++
      rejected++
      if (refusals.get(type) !== refusal) complaints.add(`${type}: not accepted, what was known stays: ${refusal}`)
      refusals.set(type, refusal)
    }
    outbox.flush()
  },
  disconnected(reason) {
    connected = false
    if (reason !== undefined && reason !== trouble) complaints.add(`${reason}${view ? '; what is known stays' : ''}`)
    trouble = reason ?? trouble
    outbox.flush()
  },
  warn(text) {
    complaints.add(text)
    outbox.flush()
  },
})

const outbox = new Outbox(parentPort!, most => {
  const report: Report = { changes: telling.take(most), connected, traffic: [...traffic.values()] }
  if (!complete) report.waiting = trouble || telling.waiting || ''
  if (telling.complete && connected && view?.current) report.current = true
  if (!complete && telling.complete) report.complete = complete = true
  if (view) report.objects = Array.from(view.types, ([type, { size }]) => [type, size])
  if (rejected > 0) report.rejected = rejected
  if (log.length > 0) report.log = log.splice(0)
  rejected = 0
  const more = telling.changed
  if (tired && !more && telling.waiting === undefined) {
    tired = false
    setImmediate(collectGarbage)
  }
  return { report, more }
})

void client.run()
