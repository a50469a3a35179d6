/** *template* answers by rules of the Corefile: records whose text depends on the query. */
import type { Plugin } from '#src/plugin.ts'
import { type Rule, readRule } from './rule.ts'
import { Templates } from './templates.ts'

export const template: Plugin<readonly Rule[]> = {
  name: 'template',
  parse: directive => directive.uses().map(line => readRule(line, directive.zones)),
  create: (rules, block) => new Templates(rules, block),
}
