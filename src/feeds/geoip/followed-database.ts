import { once } from 'node:events'
import type { MessagePort } from 'node:worker_threads'
import type { Logger } from '../../log.ts'
import { collectGarbage } from '../garbage.ts'
import { type Database, databases } from './databases.ts'
import { GeoData } from './geo-data.ts'
import type { WatchedDatabase } from './watched-database.ts'

/** A database that the main thread reads, in another one, which looks into the same memory. */
export class FollowedDatabase implements Database {
  log: Logger
  data: GeoData | undefined
  readonly #caughtUp = Promise.withResolvers<void>()
  readonly #port: MessagePort

  constructor(log: Logger, port: MessagePort) {
    this.log = log
    this.#port = port
    port.on('message', (octets: SharedArrayBuffer) => {
      // As in the main thread: the memory of before is free when no thread holds it.
      if (this.data) setImmediate(collectGarbage)
      this.data = new GeoData(octets)
      this.#caughtUp.resolve()
    })
  }

  get caughtUp(): Promise<void> {
    return this.#caughtUp.promise
  }

  close(): void {
    this.#port.close()
    setImmediate(collectGarbage)
  }
}

/** In the main thread: gives a {@link FollowedDatabase} at the other end of `port` the data of a database, whenever it is another, until it is closed. */
export async function relayDatabase(key: string, port: MessagePort, closed: AbortSignal): Promise<void> {
  const database = (await databases.join(key, closed)) as WatchedDatabase
  if (!closed.aborted) {
    const tell = () => port.postMessage(database.data.octets)
    database.listeners.add(tell)
    tell()
    await once(closed, 'abort')
    database.listeners.delete(tell)
  }
  await databases.leave(database)
}
