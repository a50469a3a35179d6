import assert from 'node:assert/strict'
import type { ServerProcess } from '#test/support/server.ts'

/** Clients that ask; that all of them come to the same one of two threads happens once in 2^47 runs. */
export const CLIENTS = 48

/** Asks once for each of many clients, over UDP or TCP. @returns the different answers that came */
export async function askMany(server: ServerProcess, name: string, how: 'query' | 'queryTcp' = 'query'): Promise<string[]> {
  const answers = new Set<string>()
  for (let client = 0; client < CLIENTS; client++) {
    const { rcode, answer } = await server[how](name)
    answers.add([rcode, ...answer].join(' '))
  }
  return [...answers].sort()
}

/** Until every client gets this answer and no other. */
export async function untilAll(server: ServerProcess, name: string, answer: string): Promise<void> {
  const deadline = performance.now() + 30_000
  let answers = await askMany(server, name)
  while (performance.now() < deadline && !(answers.length === 1 && answers[0] === answer)) answers = await askMany(server, name)
  assert.deepEqual(answers, [answer])
}
