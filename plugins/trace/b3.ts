/** Of which trace a request is part, as headers of HTTP say it (B3, github.com/openzipkin/b3-propagation). */
export interface Context {
  /** 16 or 32 hex digits; with `id`, or not at all. */
  readonly traceId: string | undefined
  /** Of the span that asks: 16 hex digits. */
  readonly id: string | undefined
  readonly parentId: string | undefined
  /** Whether spans are wanted, where it is said. */
  readonly isSampled: boolean | undefined
  readonly isDebug: boolean
}

type Headers = Readonly<Record<string, unknown>>

/** What is said in one header, or else in several; undefined where that cannot be understood. */
export const readContext = (headers: Headers): Context | undefined => readSingle(textOf(headers.b3)) ?? readMultiple(headers)

const textOf = (header: unknown): string => (typeof header === 'string' ? header : '')

const SINGLE = /^([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-([d01])(?:-([0-9a-f]{16}))?)?$/i

function readSingle(text: string): Context | undefined {
  if (/^[d01]$/.test(text)) return sampling(text, {})
  const [, traceId, id, decision = '', parentId] = SINGLE.exec(text) ?? []
  return traceId === undefined ? undefined : sampling(decision, { traceId: traceIdOf(traceId), id, parentId })
}

const sampling = (decision: string, { traceId, id, parentId }: Partial<Context>): Context => ({
  traceId,
  id: id?.toLowerCase(),
  parentId: parentId?.toLowerCase(),
  isSampled: decision === '' || decision === 'd' ? undefined : decision === '1',
  isDebug: decision === 'd',
})

const DECISIONS: ReadonlyMap<string, string> = new Map([['', ''], ['0', '0'], ['false', '0'], ['1', '1'], ['true', '1']]) // biome-ignore format: a table
const ID = /^[0-9a-f]{1,16}$/i

function readMultiple(headers: Headers): Context | undefined {
  const said = (name: string) => textOf(headers[`x-b3-${name}`])
  const [traceId, id, parentId] = [said('traceid'), said('spanid'), said('parentspanid')]
  const sampled = DECISIONS.get(said('sampled').toLowerCase())
  if (sampled === undefined) return undefined
  const decision = said('flags') === '1' ? 'd' : sampled
  if (!traceId && !id && !parentId) return sampling(decision, {})
  if (!/^[0-9a-f]{1,32}$/i.test(traceId) || !ID.test(id) || (parentId && !ID.test(parentId))) return undefined
  const padded = (digits: string) => digits.padStart(16, '0')
  return sampling(decision, { traceId: traceIdOf(traceId), id: padded(id), parentId: parentId ? padded(parentId) : undefined })
}

/** As short as it may be. Zero is none. */
function traceIdOf(digits: string): string | undefined {
  const short = digits.toLowerCase().replace(/^0+/, '')
  return short === '' ? undefined : short.padStart(short.length > 16 ? 32 : 16, '0')
}
