import assert from 'node:assert/strict'
import type { ServerProcess } from '#test/support/server.ts'

/** The addresses, or whatever else the records end in, in order. */
export const endsOf = (answer: readonly string[]): string[] => answer.map(line => line.split(' ').at(-1)!).sort()

/** Asks until the addresses of a name are these. */
export async function untilAnswered(server: ServerProcess, name: string, ...addresses: readonly string[]): Promise<void> {
  const late = performance.now() + 30_000
  for (;;) {
    const { rcode, answer } = await server.query(name)
    const told = endsOf(answer)
    if (told.join() === addresses.toSorted().join()) return
    assert.ok(performance.now() < late, `${name} is ${rcode} ${told}, not ${addresses}`)
  }
}
