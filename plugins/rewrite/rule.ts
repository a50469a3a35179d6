import type { Change } from './change.ts'
import type { Named } from './pattern.ts'
import type { Rewriting } from './rewriting.ts'

/** What is asked, as far as rules look at it. */
export interface Question extends Named {
  readonly type: number
  readonly class: number
}

export interface Rule {
  /** Whether it has to do with the question; what is none of any rule goes on untouched. */
  matches(question: Question): boolean
  /**
   * Rewrites the question, or tells what is to be changed of the reply.
   * @returns whether it did; if not, the rules behind it are asked as if it were not there
   * @throws {IllegalName}
   */
  apply(rewriting: Rewriting): boolean
}

/** A rule that changes replies to queries for the names that it is about. */
export const changing = (matches: Rule['matches'], change: Change): Rule => ({
  matches,
  apply: rewriting => {
    rewriting.changes.push(change)
    return true
  },
})
