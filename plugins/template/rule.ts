/** `template CLASS TYPE [ZONES...]` and its block. */
import type { RE2JS } from 're2js'
import { compilePattern } from '#src/corefile/pattern.ts'
import { CLASS, CLASSES, RCODE, RCODES, TYPE, TYPES } from '#src/dns/codes.ts'
import { toText } from '#src/dns/name.ts'
import { ZoneSet } from '#src/dns/zone-map.ts'
import { isReserved, type Known, readExpression } from '#src/expression/parser.ts'
import type { Expression, Type } from '#src/expression/types.ts'
import type { Line, Query, Reply } from '#src/plugin.ts'
import { classText, Data, FUNCTIONS, typeText } from './data.ts'
import { RecordTemplate } from './record-template.ts'

export class Rule {
  readonly zones: ZoneSet
  readonly class: number
  readonly type: number
  readonly patterns: RE2JS[] = []
  readonly variables = new Map<string, Expression>()
  readonly conditions: Expression[] = []
  readonly answers: RecordTemplate[] = []
  readonly authorities: RecordTemplate[] = []
  readonly additionals: RecordTemplate[] = []
  rcode: number = RCODE.NOERROR
  extendedError: Reply['extendedError'] = undefined
  /** Names that do not match go on where they are in these zones. */
  fallthrough = new ZoneSet([])

  constructor(zones: ZoneSet, classCode: number, type: number) {
    this.zones = zones
    this.class = classCode
    this.type = type
  }

  /** The zone that makes it its own, as key; undefined for a query that it is not about. */
  zoneOf({ key, class: asked, type }: Query): string | undefined {
    const isAbout = isOf(this.class, asked, CLASS.ANY) && isOf(this.type, type, TYPE.ANY)
    return isAbout ? this.zones.find(key) : undefined
  }

  /** What templates are told; undefined where no pattern matches, or a condition does not hold. @throws {EvaluationError} */
  match(query: Query, zone: string, readMetadata: Data['readMetadata']): Data | undefined {
    const pattern = this.patterns.find(candidate => candidate.test(query.name))
    if (!pattern) return undefined
    const data = new Data({
      query,
      zone: toText(zone),
      class: classText(query.class, this.class),
      type: typeText(query.type, this.type),
      pattern,
      readMetadata,
    })
    for (const [name, variable] of this.variables) data.variables.set(name, variable.evaluate({ data }))
    return this.conditions.every(condition => condition.evaluate({ data })) ? data : undefined
  }
}

const isOf = (own: number, asked: number, any: number): boolean => own === asked || own === any || asked === any

export function readRule(line: Line, zones: readonly string[]): Rule {
  const classCode = line.code('CLASS', CLASSES)
  const type = line.code('TYPE', TYPES)
  const rule = new Rule(new ZoneSet(line.zones(zones)), classCode, type)
  const record = (section: keyof typeof SECTIONS) => (option: Line) => {
    do rule[SECTIONS[section]].push(RecordTemplate.read(option, section))
    while (option.left > 0)
  }
  const types = new Map<string, Type>()
  const known = { functions: FUNCTIONS, variables: types }
  line.options({
    match: option => {
      do rule.patterns.push(option.pattern('REGEX'))
      while (option.left > 0)
    },
    answer: record('answer'),
    authority: record('authority'),
    additional: record('additional'),
    rcode: option => {
      rule.rcode = option.code('rcode', RCODES)
    },
    ederror: option => {
      const code = option.integer('CODE', 0, 0xffff)
      rule.extendedError = option.left > 0 ? { code, text: option.text('TEXT') } : { code }
    },
    fallthrough: option => {
      rule.fallthrough = new ZoneSet(option.zones(['.']))
    },
    upstream: option => {
      option.rest()
      option.warn('upstream has no effect: targets of CNAMEs are always looked up through the server')
    },
    var: option => {
      const name = readVariable(option, known)
      const variable = readExpression(option, known)
      rule.variables.set(name, variable)
      types.set(name, variable.type)
    },
    expr: option => {
      const condition = readExpression(option, known)
      if (condition.type !== 'bool') throw option.problem(`a condition must be a bool, not ${condition.type}`)
      rule.conditions.push(condition)
    },
  })
  line.end()
  if (rule.patterns.length === 0) rule.patterns.push(compilePattern('.*'))
  return rule
}

const SECTIONS = { answer: 'answers', authority: 'authorities', additional: 'additionals' } as const

function readVariable(line: Line, known: Known): string {
  const name = line.text('NAME')
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) throw line.problem(`NAME must be letters, digits and underscores: '${name}'`)
  if (isReserved(name, known)) throw line.problem(`NAME means something in expressions: '${name}'`)
  return name
}
