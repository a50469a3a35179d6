/**
 * Answers datagrams in a worker thread, until one, or a message, tells it how to end: `exit` or `throw`. With `survive` it survives errors and posts
 * them; with `port` it shares that one.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { listenBatch } from '#src/transport/batch/listener.ts'
import { written } from '#src/transport/transport.ts'

function obey(word: string): void {
  if (word === 'exit') process.exit(3)
  if (word === 'throw') throw new Error(word)
}

const { survive = false, port = 0 } = (workerData ?? {}) as { survive?: boolean; port?: number }
const listening = await listenBatch(
  '127.0.0.1',
  port,
  message => {
    obey(Buffer.from(message).toString())
    return written(message)
  },
  { shared: port > 0 },
)
parentPort!.postMessage(listening.port)
parentPort!.on('message', obey)
if (survive) process.on('uncaughtException', ({ message }) => parentPort!.postMessage(message))
