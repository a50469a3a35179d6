/**
 * Datagrams of random size and content to a server in batches and back, with a garbage collection on every turn of the event loop.
 * Run with --expose-gc; arguments: address, number of datagrams, seed, and on which turns the collection is a full one (1: on each).
 * Prints what it did; throws at the first reply that is not right.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { listenBatch } from '#src/transport/batch/listener.ts'
import { written } from '#src/transport/transport.ts'
import { Random } from '#test/support/random.ts'
import { BatchClient } from './client.ts'

const [address = '127.0.0.1', ...numbers] = process.argv.slice(2)
const [total, seed, full] = numbers.map(Number) as [number, number, number]

const random = new Random(seed)
const noise = Buffer.from(Uint8Array.from({ length: 1 << 16 }, () => random.below(256)))

/** What is read of a datagram. */
const READ = 4096

/** Mostly as long as queries are; some up to the limit of what is read, some longer. It begins with a number. */
function randomDatagram(number: number): Buffer {
  const chance = random.next()
  const length = 2 + (chance < 0.9 ? random.below(300) : chance < 0.98 ? random.below(READ) : random.below(9000))
  const start = random.below(noise.length - length)
  const datagram = Buffer.from(noise.subarray(start, start + length))
  datagram.writeUInt16BE(number, 0)
  return datagram
}

/** What the server makes of a message: the number, then the other octets from the last to the first. */
function answerTo(message: Uint8Array): Buffer {
  const answer = Buffer.from(message)
  answer.subarray(2).reverse()
  return answer
}

let turns = 0
setImmediate(function turn() {
  globalThis.gc!({ type: ++turns % full === 0 ? 'major' : 'minor' })
  // What has become free is written over.
  for (let i = 0; i < 8; i++) Buffer.allocUnsafeSlow(8 << i).fill(0xa5)
  setImmediate(turn)
})

let late = 0
const listening = await listenBatch(address, 0, message => {
  const answer = written(answerTo(message))
  if ((message[message.length - 1]! & 3) !== 0) return answer
  late++
  return nextTurn().then(() => answer)
})
const client = new BatchClient(address, listening.port)
let sent = 0
let octets = 0
while (sent < total) {
  const datagrams = Array.from({ length: 64 + random.below(192) }, (_, number) => randomDatagram(number))
  client.send(...datagrams)
  const missing = new Set(datagrams.keys())
  for (; missing.size > 0; await nextTurn()) {
    for (const reply of client.receive()) {
      const number = reply.length >= 2 ? reply.readUInt16BE(0) : -1
      if (!missing.delete(number) || !answerTo(datagrams[number]!.subarray(0, READ)).equals(reply))
        throw new Error(`after ${sent} datagrams: a wrong reply of ${reply.length} octets to number ${number}`)
    }
  }
  for (const { length } of datagrams) octets += length
  sent += datagrams.length
}
await listening.close()
client[Symbol.dispose]()
process.stdout.write(JSON.stringify({ sent, octets, late, turns }))
process.exit()
