/** The thread of a database: it waits for the disk, so that nobody else has to. */
import { parentPort, workerData } from 'node:worker_threads'
import { createBirpc } from 'birpc'
import type { DatabaseCalls, DatabaseData } from './remote-database.ts'
import { ZoneDatabase } from './zone-database.ts'

const { path, zone } = workerData as DatabaseData
const database = new ZoneDatabase(path, zone)
const calls: DatabaseCalls = {
  read: () => database.read(),
  write: records => database.write(records),
  close: () => database.close(),
}
createBirpc<object, DatabaseCalls>(calls, {
  post: message => parentPort!.postMessage(message),
  on: take => parentPort!.on('message', take),
  timeout: -1,
})
