/** *tsig* holds the keys that clients sign their queries with (RFC 8945), and refuses queries that should be signed and are not. */
import { readFileSync } from 'node:fs'
import { OPCODES, RCODE, TYPES, typeName } from '#src/dns/codes.ts'
import { toText } from '#src/dns/name.ts'
import { ZoneSet } from '#src/dns/zone-map.ts'
import { type Line, type Plugin, type Query, Reply, refused } from '#src/plugin.ts'
import { type KeyStatement, readKeys } from './key-file.ts'

interface Options {
  readonly zones: readonly string[]
  /** By name, as key. */
  readonly secrets: Map<string, Buffer>
  /** Types and opcodes that must be signed. */
  readonly types: Set<number>
  readonly opcodes: Set<number>
  everything: boolean
}

export const tsig: Plugin<Options> = {
  name: 'tsig',

  // tsig [ZONES...] { secret NAME KEY; secrets FILE; require all|none|QTYPE...; require_opcode all|none|OPCODE... }
  parse(directive) {
    const line = directive.once()
    const options: Options = {
      zones: line.zones(directive.zones),
      secrets: new Map(),
      types: new Set(),
      opcodes: new Set(),
      everything: false,
    }
    const required = (option: Line, what: string, table: ReadonlyMap<string, number>, codes: Set<number>) => {
      const word = option.peek()
      options.everything ||= word === 'all'
      if (word === 'all' || word === 'none') return void option.text(what)
      do {
        codes.add(option.code(what, table))
      } while (option.left > 0)
    }
    line.options({
      secret: option => {
        const name = option.name('NAME')
        add(options.secrets, { name, secret: option.text('KEY'), problem: reason => option.problem(reason) })
      },
      secrets: option => {
        for (const key of readFile(option.text('FILE'), option)) add(options.secrets, key)
      },
      require: option => required(option, 'QTYPE', TYPES, options.types),
      require_opcode: option => required(option, 'OPCODE', OPCODES, options.opcodes),
    })
    line.end()
    return options
  },

  create({ zones, secrets, types, opcodes, everything }, block) {
    const covered = new ZoneSet(zones)
    const log = block.log('tsig')
    block.keys = { zones: covered, secrets }
    const denial = ({ key, type, opcode, client }: Query): Reply | undefined => {
      const { tsigError } = client
      if (tsigError === 'NOERROR') return undefined
      if (tsigError) {
        log.debug(`TSIG validation failed: ${typeName(type)} ${tsigError}`)
        return new Reply(RCODE.NOTAUTH)
      }
      if (!(everything || types.has(type) || opcodes.has(opcode)) || !covered.has(key)) return undefined
      log.debug(`rejecting '${typeName(type)}' request without TSIG`)
      return refused()
    }
    return { wrap: next => query => denial(query) ?? next(query), notified: denial, updated: denial }
  },
}

const BASE64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{4}|[A-Za-z\d+/]{3}=|[A-Za-z\d+/]{2}==)$/

function add(secrets: Options['secrets'], { name, secret, problem }: KeyStatement): void {
  if (secrets.has(name)) throw problem(`key "${toText(name)}" redefined`)
  if (!BASE64.test(secret)) throw problem(`the secret of key "${toText(name)}" is not base64`)
  secrets.set(name, Buffer.from(secret, 'base64'))
}

function readFile(file: string, option: Line): KeyStatement[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw option.problem(`cannot read keys: ${(error as Error).message}`)
  }
  return readKeys(file, text)
}
