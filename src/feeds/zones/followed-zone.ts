import type { MessagePort } from 'node:worker_threads'
import { CLASS } from '../../dns/codes.ts'
import { toKey } from '../../dns/name.ts'
import type { ZoneRecord } from '../../dns/zone-version.ts'
import type { Logger } from '../../log.ts'
import { Answers } from '../../zones/answers.ts'
import { Zone } from '../../zones/zone.ts'
import { Outbox } from '../outbox.ts'
import type { SecondaryZone, ZoneListener, ZoneSource } from './secondary-zone.ts'
import { secondaryZones } from './secondary-zones.ts'

/** What the main thread posts to one that follows a zone. */
interface Report {
  /** Of another version, from its beginning. */
  readonly isFirst: boolean
  readonly records: readonly ZoneRecord[]
  /** Behind the last record: why there are no answers, empty where there are. */
  readonly lack: string | undefined
}

/** What one that follows a zone posts to the main thread, but for that a report was taken. */
interface Notification {
  readonly notified: string
}

/** A zone that the main thread transfers, in another one. */
export class FollowedZone implements SecondaryZone {
  readonly source: ZoneSource
  log: Logger
  held: Answers | undefined
  /** Empty where there are answers. */
  lack = 'not transferred yet'
  readonly listeners = new Set<ZoneListener>()
  readonly #caughtUp = Promise.withResolvers<void>()
  readonly #port: MessagePort
  /** What is not whole yet. */
  #next: Zone | undefined

  constructor(source: ZoneSource, log: Logger, port: MessagePort) {
    this.source = source
    this.log = log
    this.#port = port
    port.on('message', (report: Report) => this.#take(report))
  }

  get origin(): string {
    return this.source.origin
  }

  get answers(): Answers | undefined {
    return this.lack === '' ? this.held : undefined
  }

  get caughtUp(): Promise<void> {
    return this.#caughtUp.promise
  }

  notified(address: string): void {
    this.#port.postMessage({ notified: address } satisfies Notification)
  }

  close(): void {
    this.#port.close()
  }

  #take({ isFirst, records, lack }: Report): void {
    if (isFirst) this.#next = new Zone(toKey(this.origin))
    for (const record of records) this.#next!.add({ ...record, class: CLASS.IN })
    if (lack !== undefined) this.#caught(lack)
    // Queries get their turn before the next report.
    setImmediate(() => this.#port.postMessage('taken'))
  }

  #caught(lack: string): void {
    if (this.#next) {
      this.#next.complete()
      this.held = new Answers(this.#next)
      this.#next = undefined
    }
    this.lack = lack
    this.#caughtUp.resolve()
    for (const listener of this.listeners) listener()
  }
}

/** In the main thread: tells a {@link FollowedZone} at the other end of `port` what becomes of a zone, until it is closed. */
export async function relayZone(key: string, port: MessagePort, closed: AbortSignal): Promise<void> {
  const zone = await secondaryZones.join(key, closed)
  let told: Answers | undefined
  /** The records of it that were not reported yet. */
  let rest: Iterator<ZoneRecord> | undefined
  const outbox = new Outbox<Report>(port, most => {
    const isFirst = zone.held !== told
    if (isFirst) {
      told = zone.held
      rest = told?.zone.records()[Symbol.iterator]()
    }
    const records: ZoneRecord[] = []
    while (rest && records.length < most) {
      const { value, done } = rest.next()
      if (done) rest = undefined
      else records.push(value)
    }
    const lack = zone.answers ? '' : zone.lack
    return { report: { isFirst, records, lack: rest ? undefined : lack }, more: rest !== undefined }
  })
  const listener = () => outbox.flush()
  const leave = () => {
    zone.listeners.delete(listener)
    void secondaryZones.leave(zone)
  }
  if (closed.aborted) return leave()
  closed.addEventListener('abort', leave)
  zone.listeners.add(listener)
  port.on('message', (message: 'taken' | Notification) => {
    if (message !== 'taken') zone.notified(message.notified)
  })
  outbox.flush()
}
