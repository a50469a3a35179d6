/** `type FROM TO` and `class FROM TO`: what is asked for is rewritten. */
import { CLASS, TYPE } from '#src/dns/codes.ts'
import type { Line } from '#src/plugin.ts'
import type { Rule } from './rule.ts'
import { readCode } from './words.ts'

const types = new Map<string, number>(Object.entries(TYPE))
const classes = new Map<string, number>(Object.entries(CLASS))

export function readType(line: Line): Rule {
  const from = readCode(line, 'type', types)
  const to = readCode(line, 'type', types)
  return {
    matches: ({ type }) => type === from,
    apply: rewriting => {
      rewriting.type = to
      return true
    },
  }
}

export function readClass(line: Line): Rule {
  const from = readCode(line, 'class', classes)
  const to = readCode(line, 'class', classes)
  return {
    matches: question => question.class === from,
    apply: rewriting => {
      rewriting.class = to
      return true
    },
  }
}
