/** Answers datagrams in a worker thread, until one tells it how to end: `exit` or `throw`. With data, it survives errors and posts them. */
import { parentPort, workerData } from 'node:worker_threads'
import { listenBatch } from '#src/transport/batch/listener.ts'

const { port } = await listenBatch('127.0.0.1', 0, message => {
  const text = Buffer.from(message).toString()
  if (text === 'exit') process.exit(3)
  if (text === 'throw') throw new Error(text)
  return message
})
parentPort!.postMessage(port)
if (workerData) process.on('uncaughtException', ({ message }) => parentPort!.postMessage(message))
