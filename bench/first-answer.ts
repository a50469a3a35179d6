import { createSocket } from 'node:dgram'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { outcome } from './verify.ts'

/**
 * Asks for the A records of a name each millisecond until the outcome, as {@link outcome} writes it, is right.
 * @param patience milliseconds
 * @returns the moment when that answer came, as `performance.now()` tells
 */
export async function firstAnswer(
  port: number,
  name: string,
  isRight: (outcome: string) => boolean,
  patience: number,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const socket = createSocket('udp4').on('message', reply => {
    const now = performance.now()
    if (isRight(outcome(readAnswer(reply)))) resolve(now)
  })
  const query = queryMessage(name, 'A')
  const asking = setInterval(() => socket.send(query, port, '127.0.0.1'), 1)
  const late = setTimeout(() => reject(new Error(`no right answer within ${patience} ms`)), patience)
  try {
    return await promise
  } finally {
    clearInterval(asking)
    clearTimeout(late)
    socket.close()
  }
}
