import { FLAG, RCODE, TYPE } from '#src/dns/codes.ts'
import { lowerCase } from '#src/dns/name.ts'
import { sectionsOf, type WholeRecord, wholeRecords } from '#src/dns/rebase.ts'
import { EvaluationError } from '#src/go/values.ts'
import type { Labels, Scalar } from '#src/metrics.ts'
import { failure, type Handler, type Instance, type Query, Reply, type ServerBlock } from '#src/plugin.ts'
import type { Data } from './data.ts'
import { RecordError, type RecordTemplate } from './record-template.ts'
import type { Rule } from './rule.ts'

/** The records of each section. */
interface Records {
  readonly answers: readonly WholeRecord[]
  readonly authorities: readonly WholeRecord[]
  readonly additionals: readonly WholeRecord[]
}

export class Templates implements Instance {
  readonly #rules: readonly Rule[]
  readonly #block: ServerBlock
  readonly #matches: Scalar
  readonly #templateFailures: Scalar
  readonly #recordFailures: Scalar

  constructor(rules: readonly Rule[], block: ServerBlock) {
    const { metrics } = block.server
    this.#rules = rules
    this.#block = block
    this.#matches = metrics.counter('coredns_template_matches_total', 'Counter of template regex matches.')
    this.#templateFailures = metrics.counter('coredns_template_template_failures_total', 'Counter of go template failures.')
    this.#recordFailures = metrics.counter('coredns_template_rr_failures_total', 'Counter of mis-templated RRs.')
  }

  wrap(next: Handler): Handler {
    return query => {
      try {
        for (const rule of this.#rules) {
          const zone = rule.zoneOf(query)
          if (zone === undefined) continue
          const data = rule.match(query, zone, label => this.#block.metadata(label)?.(query))
          if (data) return this.#answer(rule, data)
          if (!rule.fallthrough.has(query.key)) return new Reply(RCODE.SERVFAIL)
        }
      } catch (error) {
        if (error instanceof EvaluationError) return failure(error)
        throw error
      }
      return next(query)
    }
  }

  #answer(rule: Rule, data: Data): Reply | PromiseLike<Reply> {
    const { query } = data
    const labels = {
      server: query.listener.label,
      zone: data.zone,
      view: this.#block.viewName,
      class: data.class,
      type: data.type,
    }
    this.#matches.with(labels).value++
    // Such a rule says nothing else.
    if (rule.rcode === RCODE.SERVFAIL) return new Reply(RCODE.SERVFAIL)
    try {
      const records = {
        answers: fill(rule.answers, data),
        additionals: fill(rule.additionals, data),
        authorities: fill(rule.authorities, data),
      }
      const isFollowed = (query.type === TYPE.A || query.type === TYPE.AAAA) && records.answers.some(isAlias)
      return isFollowed ? this.#follow(query, rule, records) : reply(query, rule, records)
    } catch (error) {
      if (!(error instanceof RecordError)) throw error
      this.#count(error, labels)
      return failure(error)
    }
  }

  #count({ template, isRendered }: RecordError, labels: Labels): void {
    const failures = isRendered ? this.#recordFailures : this.#templateFailures
    failures.with({ ...labels, section: template.section, template: template.source }).value++
  }

  /** Puts behind each CNAME what the server answers for its target. */
  async #follow(query: Query, rule: Rule, records: Records): Promise<Reply> {
    const answers: WholeRecord[] = []
    let truncated = 0
    for (const record of records.answers) {
      answers.push(record)
      if (!isAlias(record)) continue
      const derived = query.derive(lowerCase(Buffer.from(record.data).toString('latin1')), query.type)
      const { sections, ttl, flags } = await this.#block.resolve(derived)
      const found = wholeRecords(derived, sections).slice(0, sections.answers)
      answers.push(...found.map(record => ({ ...record, ttl: ttl ?? record.ttl })))
      truncated |= flags & FLAG.TC
    }
    const followed = reply(query, rule, { ...records, answers })
    followed.flags |= truncated
    return followed
  }
}

const isAlias = ({ type }: WholeRecord): boolean => type === TYPE.CNAME

/** @throws {RecordError} */
const fill = (templates: readonly RecordTemplate[], data: Data): WholeRecord[] =>
  templates.map(template => {
    const record = template.fill(data)
    return { ...record, data: Buffer.from(record.data, 'latin1') }
  })

function reply({ key }: Query, { rcode, extendedError }: Rule, { answers, authorities, additionals }: Records): Reply {
  const sections = sectionsOf(key, answers, authorities, additionals)
  return Object.assign(new Reply(rcode, FLAG.AA, sections), { extendedError })
}
