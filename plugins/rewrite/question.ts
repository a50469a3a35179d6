/** `type FROM TO` and `class FROM TO`: what is asked for is rewritten. */
import { CLASSES, TYPES } from '#src/dns/codes.ts'
import type { Line } from '#src/plugin.ts'
import type { Rule } from './rule.ts'

export function readType(line: Line): Rule {
  const from = line.code('type', TYPES)
  const to = line.code('type', TYPES)
  return {
    matches: ({ type }) => type === from,
    apply: rewriting => {
      rewriting.type = to
      return true
    },
  }
}

export function readClass(line: Line): Rule {
  const from = line.code('class', CLASSES)
  const to = line.code('class', CLASSES)
  return {
    matches: question => question.class === from,
    apply: rewriting => {
      rewriting.class = to
      return true
    },
  }
}
