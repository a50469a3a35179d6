import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ThreadOutput } from '#src/server/thread-output.ts'

test('a main thread that has no time: a million characters wait, lines that come on top are counted, and those after it are whole', async () => {
  const taken: PromiseWithResolvers<void>[] = []
  const printed: string[] = []
  let called = Promise.withResolvers<void>()
  const print = (lines: string) => {
    printed.push(lines)
    taken.push(Promise.withResolvers())
    called.resolve()
    called = Promise.withResolvers()
    return taken.at(-1)!.promise
  }
  const losses: number[] = []
  const output = new ThreadOutput(print, lines => {
    losses.push(lines)
    output.write(`${lines} lines are lost\n`)
  })
  const line = `${'x'.repeat(1023)}\n`
  let next = called.promise
  output.write('first\n')
  await next
  for (let i = 0; i < 1027; i++) output.write(line)
  next = called.promise
  taken[0]!.resolve()
  await next
  assert.deepEqual([printed[0], printed[1]], ['first\n', line.repeat(1024)])
  next = called.promise
  taken[1]!.resolve()
  await next
  assert.deepEqual([losses, printed[2]], [[3], '3 lines are lost\n'])
})
