/** *dynupdate* answers for a zone that clients change (RFC 2136). */
import { TYPES } from '#src/dns/codes.ts'
import { parseType } from '#src/dns/master-file/words.ts'
import { isUnder, toKey } from '#src/dns/name.ts'
import { isUpdatable } from '#src/feeds/zones/zone-update.ts'
import type { Directive, Line, Plugin } from '#src/plugin.ts'
import { DynUpdate, type Options } from './dynupdate.ts'
import type { Rule } from './permissions.ts'

export const dynupdate: Plugin<Options> = {
  name: 'dynupdate',
  authoritative: true,
  updates: true,

  // dynupdate [ZONE] { file DBFILE; database PATH; allow KEY NAME TYPE...; max_records COUNT; max_bytes BYTES; max_update_records COUNT }
  parse(directive) {
    const line = directive.once()
    const zone = readZone(line, directive)
    const rules: Rule[] = []
    const given = new Map<string, string | number>()
    const set = (option: Line, value: string | number) => {
      if (given.has(option.word)) throw option.problem(`${option.word} specified more than once`)
      given.set(option.word, value)
    }
    line.options({
      file: option => set(option, option.text('DBFILE')),
      database: option => set(option, option.text('PATH')),
      allow: option => rules.push(readRule(option, toKey(zone))),
      max_records: option => set(option, option.integer('COUNT', 1)),
      max_bytes: option => set(option, option.integer('BYTES', 1)),
      max_update_records: option => set(option, option.integer('COUNT', 1)),
    })
    line.end()
    const file = given.get('file')
    if (file === undefined) throw line.problem('file is required')
    if (rules.length === 0) throw line.problem('at least one allow rule is required')
    const database = given.get('database')
    return {
      zone,
      file: String(file),
      database: database === undefined ? undefined : String(database),
      rules,
      limits: { records: Number(given.get('max_records') ?? 10_000), bytes: Number(given.get('max_bytes') ?? 8 << 20) },
      maxUpdateRecords: Number(given.get('max_update_records') ?? 1024),
    }
  },

  create: (options, block) => new DynUpdate(options, block),
}

function readZone(line: Line, { zones }: Directive): string {
  const hasOwn = line.left > 0
  const [zone, ...others] = new Set(line.zones(zones))
  if (zone !== undefined && others.length === 0) return zone
  throw line.problem(
    hasOwn ? 'exactly one zone is allowed' : 'zone is required when the server block does not define exactly one zone',
  )
}

function readRule(option: Line, zone: string): Rule {
  const secret = option.peek()
  const key = option.name('KEY')
  if (secret === '*' || secret === '@') throw option.problem(`invalid TSIG key '${secret}'`)
  const owner = option.peek()
  const named = option.name('NAME')
  const name = owner === '*' ? undefined : owner === '@' ? zone : named
  if (name !== undefined && !isUnder(name, zone)) throw option.problem(`allow name '${owner}' is outside the zone`)
  if (option.peek() === '*' && option.left === 1) {
    option.text('TYPE')
    return { key, name, types: undefined }
  }
  const types = option.some('TYPE').map(word => {
    if (word === '*') throw option.problem('wildcard RR type must be the only type in an allow rule')
    const type = parseType(word)
    if (type === undefined || !isUpdatable(type)) throw option.problem(`invalid RR type '${word}' in allow rule`, TYPES.keys())
    return type
  })
  return { key, name, types: new Set(types) }
}
