/** `answer auto`, `answer name FROM TO`, `answer value FROM TO`, one behind the other: what becomes of names in replies. */
import type { Line } from '#src/plugin.ts'
import { byText, type Change } from './change.ts'
import { readAnswerRenaming } from './pattern.ts'

export interface Answers {
  readonly auto: boolean
  /** Owner names have expressions of their own. */
  readonly names: boolean
  readonly changes: readonly Change[]
}

const KINDS = ['auto', 'name', 'value'] as const

/** All that is left of the line. */
export function readAnswers(line: Line): Answers {
  const changes: Change[] = []
  let auto = false
  let names = false
  for (let isFirst = true; line.left > 0; isFirst = false) {
    if (isFirst || line.peek() === 'answer') line.oneOf('what follows TO', ['answer'])
    const kind = line.oneOf('answer', KINDS)
    if (kind === 'auto') auto = true
    else if (kind === 'value') changes.push({ target: byText(readAnswerRenaming(line)) })
    // As CoreDNS's own example has it; it means no expression.
    else if (line.peek() === 'auto') {
      line.text('auto')
      auto = true
    } else {
      changes.push({ owner: byText(readAnswerRenaming(line)) })
      names = true
    }
    if (auto && names) throw line.problem('answer auto cannot be combined with answer name')
  }
  return { auto, names, changes }
}
