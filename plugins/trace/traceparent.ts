import type { Context } from './b3.ts'

const SHAPE = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const SAMPLED = 1

/** Of which trace a request is part, as its header `traceparent` says it (www.w3.org/TR/trace-context); undefined where it does not. */
export function readTraceparent(header: unknown): Context | undefined {
  const [, version, traceId = '', id = '', flags = '', more] = SHAPE.exec(typeof header === 'string' ? header : '') ?? []
  // Later versions may say more behind what this one says.
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined
  if (/^0+$/.test(traceId) || /^0+$/.test(id)) return undefined
  const isSampled = (Number.parseInt(flags, 16) & SAMPLED) !== 0
  return { traceId, id, parentId: undefined, isSampled, isDebug: false }
}
