/** What names a rule is about, and what becomes of them. */
import type { RE2JS } from 're2js'
import { compilePattern } from '#src/corefile/pattern.ts'
import { lowerCase, toKey } from '#src/dns/name.ts'
import type { Line } from '#src/plugin.ts'
import { type ReadLabel, Template } from './template.ts'

const KINDS = ['exact', 'prefix', 'suffix', 'substring', 'regex'] as const
export type Kind = (typeof KINDS)[number]

/** A name in both forms; see `src/dns/name.ts`. */
export interface Named {
  readonly key: string
  readonly name: string
}

interface Pattern {
  matches(name: Named): boolean
}

/** What names are rewritten to. */
export interface Renaming extends Pattern {
  /** The text that the text of a name that matches becomes, a domain name or not; undefined where a label that it needs tells nothing. */
  rename(name: string, read: ReadLabel): string | undefined
  /** What undoes it for any name, as text; undefined where that is not known without the name that was rewritten. */
  readonly reverse?: ((name: string) => string) | undefined
}

/** The kind of match; `exact` where the line has no more than the arguments behind it. */
export const readKind = (line: Line, behind: number): Kind =>
  line.left > behind ? line.oneOf('match', KINDS, { anyCase: true }) : 'exact'

/** FROM, as *name*, *ttl* and *rcode* take it. */
export function readPattern(line: Line, kind: Kind): Pattern {
  if (kind !== 'regex') return readPart(line, kind)
  const pattern = line.pattern('FROM')
  return { matches: ({ name }) => pattern.test(name) }
}

/** FROM TO [metadata], as *name* takes them. */
export function readRenaming(line: Line, kind: Kind): Renaming {
  if (kind === 'regex') {
    const pattern = line.pattern('FROM')
    const to = absolute(line.text('TO'))
    const metadata = line.peek() === 'metadata'
    const template = Template.read(line, to, pattern.groupCount(), metadata)
    if (metadata) line.text('metadata')
    return regexRenaming(pattern, template)
  }
  const part = readPart(line, kind)
  const to = absolute(lowerCase(line.text('TO')))
  if (kind === 'exact') checkName(line, to)
  return partRenaming(part, to)
}

/** FROM TO, as *cname* takes them: parts of names need not end where a label ends, and expressions look at no case. */
export function readTargetRenaming(line: Line, kind: Kind): Renaming {
  if (kind === 'exact') return readRenaming(line, kind)
  if (kind === 'regex') {
    const pattern = compilePattern(`(?i:${line.pattern('FROM').pattern()})`)
    return regexRenaming(pattern, Template.read(line, line.text('TO'), pattern.groupCount(), false))
  }
  const read = (what: string) => (kind === 'suffix' ? absolute : String)(lowerCase(line.text(what)))
  const from = read('FROM')
  if (from === '') throw line.problem('FROM is empty')
  return partRenaming(new Part(kind, from), read('TO'))
}

/** FROM TO of answers: a regular expression and its template. What does not match stays as it is. */
export function readAnswerRenaming(line: Line): (name: string) => string {
  const pattern = line.pattern('FROM')
  const renaming = regexRenaming(pattern, Template.read(line, absolute(line.text('TO')), pattern.groupCount(), false))
  return name => renaming.rename(name, noLabel) ?? name
}

const noLabel = () => undefined

const partRenaming = (part: Part, to: string): Renaming => ({
  matches: name => part.matches(name),
  rename: name => part.replace(name, to),
  reverse: part.reverse(to),
})

const regexRenaming = (pattern: RE2JS, template: Template): Renaming => ({
  matches: ({ name }) => pattern.test(name),
  rename: (name, read) => {
    const matcher = pattern.matcher(name)
    return matcher.find() ? template.fill(matcher, read) : name
  },
})

/** A part of a name's text. */
class Part implements Pattern {
  readonly #kind: Exclude<Kind, 'regex'>
  readonly #text: string
  /** What stands in the keys of all names that match. Keys are at hand with each query; most need not be made a text of. */
  readonly #octets: string

  constructor(kind: Exclude<Kind, 'regex'>, text: string, octets = '') {
    this.#kind = kind
    this.#text = text
    this.#octets = octets
  }

  matches(name: Named): boolean {
    const { key } = name
    switch (this.#kind) {
      case 'exact':
        return key === this.#octets
      case 'prefix':
        return key.startsWith(this.#octets) && name.name.startsWith(this.#text)
      case 'suffix':
        return key.endsWith(this.#octets) && name.name.endsWith(this.#text)
      default:
        return key.includes(this.#octets) && name.name.includes(this.#text)
    }
  }

  /** @param name the text of one that matches */
  replace(name: string, to: string): string {
    switch (this.#kind) {
      case 'exact':
        return to
      case 'prefix':
        return to + name.slice(this.#text.length)
      case 'suffix':
        return name.slice(0, -this.#text.length) + to
      default:
        return name.replaceAll(this.#text, () => to)
    }
  }

  reverse(to: string): ((name: string) => string) | undefined {
    if (this.#kind !== 'suffix') return undefined
    return name => (name.endsWith(to) ? name.slice(0, -to.length) + this.#text : name)
  }
}

/** A part that ends where a label ends: as in CoreDNS a last dot is added, whatever the kind. */
function readPart(line: Line, kind: Exclude<Kind, 'regex'>): Part {
  if (kind === 'exact') return new Part(kind, '', line.name('FROM'))
  const text = absolute(lowerCase(line.text('FROM')))
  const key = checkName(line, text.replace(/^\./, ''))
  // The octet before the first label is its length, which is known only where a dot or nothing stands before it.
  const isWhole = kind === 'prefix' || text.startsWith('.')
  const octets = isWhole ? key : key.slice(1)
  return new Part(kind, text, kind === 'suffix' ? octets : octets.slice(0, -1))
}

/** The key of a name that was read last. */
function checkName(line: Line, text: string): string {
  try {
    return toKey(text)
  } catch (error) {
    throw line.problem(`not part of a domain name: ${(error as Error).message}`)
  }
}

/** With a last dot; one that is escaped is none. */
const absolute = (text: string): string => (/(?<!\\)(?:\\\\)*\.$/.test(text) ? text : `${text}.`)
