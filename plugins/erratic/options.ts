import { LONGEST_TIMER } from '#src/clock.ts'
import type { Directive, Line } from '#src/plugin.ts'

/** Each amount N hits one query in N; 0 hits none. */
export interface Options {
  readonly drop: number
  readonly delay: number
  /** Milliseconds. */
  readonly duration: number
  readonly truncate: number
  /** Whether replies for A have many records. */
  readonly large: boolean
}

const AMOUNT = 2
const DURATION = 100

const amountOf = (option: Line): number => (option.left > 0 ? option.integer('AMOUNT', 0, 2 ** 31 - 1) : AMOUNT)

/** Several uses are read as one. @throws {Problem} */
export function parse(directive: Directive): Options {
  let drop: number | undefined
  const options = { delay: 0, duration: DURATION, truncate: 0, large: false }
  for (const line of directive.uses()) {
    line.options({
      drop: option => {
        drop = amountOf(option)
      },
      delay: option => {
        options.delay = amountOf(option)
        options.duration = option.left > 0 ? option.duration('DURATION', { max: LONGEST_TIMER }) : DURATION
      },
      truncate: option => {
        options.truncate = amountOf(option)
      },
      large: () => {
        options.large = true
      },
    })
    line.end()
  }
  const isAsked = options.delay > 0 || options.truncate > 0
  return { drop: drop ?? (isAsked ? 0 : AMOUNT), ...options }
}
