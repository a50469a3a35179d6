import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ThreadOutput } from '#src/server/thread-output.ts'

const LINE = `${'x'.repeat(1023)}\n`

/** A main thread that has no time: it takes a block of lines when it is told to. */
class MainThread {
  readonly printed: string[] = []
  #taken = Promise.withResolvers<void>()
  #called = Promise.withResolvers<void>()

  readonly print = (lines: string): Promise<void> => {
    this.printed.push(lines)
    this.#taken = Promise.withResolvers()
    this.#called.resolve()
    this.#called = Promise.withResolvers()
    return this.#taken.promise
  }

  /** Takes the block that it was given, if there is one, and is given the next. */
  async take(): Promise<void> {
    const next = this.#called.promise
    this.#taken.resolve()
    await next
  }
}

test('a main thread that has no time: a million characters wait, lines that come on top are counted, and those after it are whole', async () => {
  const main = new MainThread()
  const losses: number[] = []
  const output = new ThreadOutput(main.print, lines => {
    losses.push(lines)
    output.write(`${lines} lines are lost\n`)
  })
  output.write('first\n')
  await main.take()
  for (let i = 0; i < 1027; i++) output.write(LINE)
  await main.take()
  await main.take()
  assert.deepEqual(main.printed, ['first\n', LINE.repeat(1024), '3 lines are lost\n'])
  assert.deepEqual(losses, [3])
})

test('lines that leave no room for the one that tells of a loss are printed all the same', async () => {
  const main = new MainThread()
  const output = new ThreadOutput(main.print, lines => output.write(`${lines} lines are lost\n`))
  output.write('first\n')
  await main.take()
  for (let block = 0; block < 3; block++) {
    for (let i = 0; i < 1027; i++) output.write(LINE)
    await main.take()
  }
  await main.take()
  const full = LINE.repeat(1024)
  assert.deepEqual(main.printed, ['first\n', full, full, full, '4 lines are lost\n'])
})
