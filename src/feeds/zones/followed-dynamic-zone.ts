import { once } from 'node:events'
import type { MessagePort } from 'node:worker_threads'
import { toKey } from '../../dns/name.ts'
import type { Logger } from '../../log.ts'
import type { Answers } from '../../zones/answers.ts'
import { type DynamicSource, type DynamicZone, dynamicZones, type Outcome } from './dynamic-zone.ts'
import { answersOf, changed, type Records } from './zone-records.ts'
import type { ZoneUpdate } from './zone-update.ts'

/** What the main thread posts: names that have changed, or what has become of an update. */
type Report = { readonly changes: Records } | { readonly id: number; readonly outcome: Outcome }

/** What another one posts: that it answers with the changes of the first report that it was sent, or an update. */
type Request = 'taken' | { readonly id: number; readonly update: ZoneUpdate }

/** A zone that the main thread writes, in another one. */
export class FollowedDynamicZone implements DynamicZone {
  readonly origin: string
  log: Logger
  records: Records = new Map()
  answers: Answers | undefined
  readonly lack = 'not read yet'
  readonly listeners: DynamicZone['listeners'] = new Set()
  readonly #caughtUp = Promise.withResolvers<void>()
  readonly #port: MessagePort
  /** One report after the other. */
  #turn: Promise<void> = Promise.resolve()
  readonly #updates = new Map<number, (outcome: Outcome) => void>()
  #last = 0

  constructor({ origin }: DynamicSource, log: Logger, port: MessagePort) {
    this.origin = origin
    this.log = log
    this.#port = port
    port.on('message', (report: Report) => {
      if ('changes' in report) this.#turn = this.#turn.then(() => this.#take(report.changes))
      else {
        this.#updates.get(report.id)?.(report.outcome)
        this.#updates.delete(report.id)
      }
    })
  }

  get caughtUp(): Promise<void> {
    return this.#caughtUp.promise
  }

  update(update: ZoneUpdate): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    const id = ++this.#last
    this.#updates.set(id, resolve)
    this.#port.postMessage({ id, update } satisfies Request)
    return promise
  }

  async close(): Promise<void> {
    this.#port.close()
  }

  async #take(changes: Records): Promise<void> {
    this.records = changed(this.records, changes)
    this.answers = await answersOf(toKey(this.origin), this.records)
    this.#caughtUp.resolve()
    for (const listener of this.listeners) void listener(changes)
    this.#port.postMessage('taken' satisfies Request)
  }
}

/** In the main thread: lets a {@link FollowedDynamicZone} at the other end of `port` follow a zone and update it, until it is closed. */
export async function relayDynamicZone(key: string, port: MessagePort, closed: AbortSignal): Promise<void> {
  const zone = await dynamicZones.join(key, closed)
  /** Of reports that are not taken yet. */
  const waiting: (() => void)[] = []
  const tell = (changes: Records): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    waiting.push(resolve)
    port.postMessage({ changes } satisfies Report)
    return promise
  }
  port.on('message', async (request: Request) => {
    if (request === 'taken') waiting.shift()?.()
    else {
      const { id, update } = request
      port.postMessage({ id, outcome: await zone.update(update) } satisfies Report)
    }
  })
  if (!closed.aborted) {
    zone.listeners.add(tell)
    void tell(zone.records)
    await once(closed, 'abort')
    zone.listeners.delete(tell)
    // A thread that has ended answers nobody.
    for (const taken of waiting) taken()
  }
  await dynamicZones.leave(zone)
}
