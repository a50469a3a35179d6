/** *rewrite* changes questions on their way down, and replies on their way up. */
import type { Line, Plugin } from '#src/plugin.ts'
import { readEdns0 } from './edns0.ts'
import { readName } from './name.ts'
import { readClass, readType } from './question.ts'
import { readCname, readRcode, readTtl } from './response.ts'
import { Rewrite, type Step } from './rewrite.ts'
import type { Rule } from './rule.ts'

export const rewrite: Plugin<readonly Step[]> = {
  name: 'rewrite',
  parse: directive => directive.uses().map(line => readStep(line.joined())),
  create: (steps, block) => new Rewrite(steps, block),
}

const FIELDS = {
  name: readName,
  type: readType,
  class: readClass,
  ttl: readTtl,
  rcode: readRcode,
  cname: readCname,
  edns0: readEdns0,
} satisfies Record<string, (line: Line) => Rule>

/** rewrite [continue|stop] FIELD … */
function readStep(line: Line): Step {
  const first = line.peek()?.toLowerCase()
  const goesOn = first === 'continue'
  if (goesOn || first === 'stop') line.text('continue|stop')
  if (line.peek()?.toLowerCase() === 'answer') throw line.problem('response rewrites must begin with a name rule')
  const field = line.oneOf('FIELD', Object.keys(FIELDS) as (keyof typeof FIELDS)[], { anyCase: true })
  const rule = FIELDS[field](line)
  line.end()
  return { rule, goesOn }
}
