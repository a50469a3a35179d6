import type { Directive, Line } from '#src/plugin.ts'
import { otlp } from './otlp.ts'
import type { Protocol } from './protocol.ts'
import { zipkin } from './zipkin.ts'

export interface Options {
  readonly protocol: Protocol
  /** Where spans are sent. */
  readonly url: string
  /** One query of so many is traced; 0 for none. */
  readonly every: number
  /** Under which the collector finds them. */
  readonly service: string
  /** Whether a query is the same span as the request of HTTPS that brought it, and not one below it. */
  readonly isShared: boolean
  readonly reporting: Reporting
}

/** How spans are sent. */
export interface Reporting {
  /** Spans that wait, at most. */
  readonly backlog: number
  /** Spans that are not waited for longer. */
  readonly batch: number
  /** Milliseconds that the first waits. */
  readonly interval: number
}

const PROTOCOLS: ReadonlyMap<string, Protocol> = new Map([['zipkin', zipkin], ['otlp', otlp]]) // biome-ignore format: a table
const ENDPOINT = 'localhost:9411'
const SERVICE = 'coredns'
const DEFAULTS: Reporting = { backlog: 1000, batch: 100, interval: 1000 }
const MOST_SPANS = 1_000_000
/** An hour, in milliseconds. */
const LONGEST = 3_600_000
/** Go's words (strconv.ParseBool). */
const TRUTHS = ['1', 't', 'T', 'TRUE', 'true', 'True'] as const
const FALSEHOODS = ['0', 'f', 'F', 'FALSE', 'false', 'False'] as const

/** Of several uses, each changes what the one before has said. */
export function parse(directive: Directive): Options {
  let to: Pick<Options, 'protocol' | 'url'> = { protocol: zipkin, url: '' }
  const options = { every: 1, service: SERVICE, isShared: false }
  const reporting = { ...DEFAULTS }
  // 0 is as when nothing is said.
  const spans = (word: 'backlog' | 'batch') => (option: Line) => {
    reporting[word] = option.integer('SIZE', 0, MOST_SPANS) || DEFAULTS[word]
  }
  for (const line of directive.uses()) {
    to = readCollector(line)
    line.options({
      every: option => {
        options.every = option.integer('AMOUNT', 0)
      },
      service: option => {
        options.service = option.text('NAME')
      },
      client_server: option => {
        const said = option.left > 0 ? option.oneOf('client_server', [...TRUTHS, ...FALSEHOODS]) : 'true'
        options.isShared = TRUTHS.some(word => word === said)
        if (options.isShared && to.protocol === otlp)
          option.warn('client_server has no effect with otlp, which has no shared spans')
      },
      datadog_analytics_rate: option => {
        option.rest()
        option.warn('datadog_analytics_rate has no effect: datadog is not supported')
      },
      zipkin_max_backlog_size: spans('backlog'),
      zipkin_max_batch_size: spans('batch'),
      zipkin_max_batch_interval: option => {
        reporting.interval = option.duration('DURATION', { max: LONGEST }) || DEFAULTS.interval
      },
    })
    line.end()
  }
  const { protocol } = to
  // Zipkin knows services in lower case only.
  const service = protocol === zipkin ? options.service.toLowerCase() : options.service
  return { ...to, ...options, service, isShared: options.isShared && protocol !== otlp, reporting }
}

/** trace [[ENDPOINT-TYPE] ENDPOINT] */
function readCollector(line: Line): Pick<Options, 'protocol' | 'url'> {
  const type = line.left > 1 ? line.text('ENDPOINT-TYPE').toLowerCase() : 'zipkin'
  if (type === 'datadog') throw line.problem('datadog is not supported: name a collector of zipkin or otlp')
  const protocol = PROTOCOLS.get(type)
  if (!protocol) throw line.problem(`tracing endpoint type '${type}' is not supported`, PROTOCOLS.keys())
  const endpoint = line.left > 0 ? line.text('ENDPOINT') : ENDPOINT
  if (endpoint === 'otlp') throw line.problem('otlp must be followed by an ENDPOINT, such as localhost:4318')
  const url = /^https?:\/\//i.test(endpoint) ? endpoint : `http://${endpoint}${protocol.path}`
  if (!URL.canParse(url)) throw line.problem(`ENDPOINT must be HOST:PORT, or a URL: '${endpoint}'`)
  return { protocol, url }
}
