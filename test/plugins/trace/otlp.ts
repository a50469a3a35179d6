/** What a collector of OpenTelemetry takes (opentelemetry-proto, OTLP/HTTP in JSON), checked strictly: even fields that it would pass over are wrong. */
import assert from 'node:assert/strict'
import { Collector, type Span } from './collector.ts'

type Json = Readonly<Record<string, unknown>>

const SPAN = ['traceId', 'spanId', 'parentSpanId', 'name', 'kind', 'startTimeUnixNano', 'endTimeUnixNano', 'attributes', 'status']
const KINDS = new Map([[1, undefined], [2, 'SERVER'], [3, 'CLIENT']]) // biome-ignore format: a table

export async function startOtlpCollector(): Promise<Collector> {
  const collector = await Collector.start()
  collector.read = readOtlp
  collector.status = 200
  return collector
}

/** The spans of an ExportTraceServiceRequest, in the form of Zipkin's. @throws what is wrong with it */
function readOtlp(body: string): Span[] {
  const { resourceSpans } = fieldsOf(JSON.parse(body), ['resourceSpans'])
  return listOf(resourceSpans).flatMap(of => {
    const { resource, scopeSpans } = fieldsOf(of, ['resource', 'scopeSpans'])
    const { 'service.name': serviceName } = attributesOf(fieldsOf(resource, ['attributes']).attributes)
    assert.ok(serviceName, 'a resource without service.name')
    return listOf(scopeSpans).flatMap(scoped => {
      const { scope, spans } = fieldsOf(scoped, ['scope', 'spans'])
      assert.equal(typeof fieldsOf(scope, ['name', 'version']).name, 'string')
      return listOf(spans).map(span => readSpan(span, serviceName))
    })
  })
}

function readSpan(json: unknown, serviceName: string): Span {
  const { traceId, spanId, parentSpanId, name, kind, startTimeUnixNano, endTimeUnixNano, attributes, status } = fieldsOf(
    json,
    SPAN,
  )
  const [start, end] = [timeOf(startTimeUnixNano), timeOf(endTimeUnixNano)]
  assert.ok(start < end, 'a span that ends before it begins')
  assert.ok(KINDS.has(kind as number), `a kind that is ${kind}`)
  assert.ok(typeof name === 'string' && name !== '', 'a span without name')
  const { code, message } = status === undefined ? {} : fieldsOf(status, ['code', 'message'])
  assert.ok(code === undefined || code === 2, `a status that is ${code}`)
  const parentId = parentSpanId === undefined ? undefined : idOf(parentSpanId, 16)
  const as = KINDS.get(kind as number)
  return {
    timestamp: Number(start / 1000n),
    duration: Number((end - start) / 1000n),
    traceId: idOf(traceId, 32),
    id: idOf(spanId, 16),
    ...(parentId !== undefined && { parentId }),
    name,
    ...(as !== undefined && { kind: as }),
    localEndpoint: { serviceName },
    ...(code === 2 && { annotations: [{ timestamp: 0, value: String(message) }] }),
    tags: attributesOf(attributes),
  }
}

function fieldsOf(json: unknown, known: readonly string[]): Json {
  assert.ok(typeof json === 'object' && json !== null && !Array.isArray(json), `no message: ${JSON.stringify(json)}`)
  for (const field of Object.keys(json)) assert.ok(known.includes(field), `unknown field ${field}`)
  return json as Json
}

function listOf(json: unknown): unknown[] {
  assert.ok(Array.isArray(json) && json.length > 0, `no list, or an empty one: ${JSON.stringify(json)}`)
  return json
}

/** An id that is not zero. */
function idOf(json: unknown, digits: number): string {
  assert.match(String(json), new RegExp(`^(?!0+$)[0-9a-f]{${digits}}$`))
  return String(json)
}

/** A number of 64 bits is a text. */
function timeOf(json: unknown): bigint {
  assert.ok(typeof json === 'string' && /^\d{19}$/.test(json), `no time: ${json}`)
  return BigInt(json)
}

function attributesOf(json: unknown): Record<string, string> {
  assert.ok(Array.isArray(json), 'no attributes')
  return Object.fromEntries(
    json.map(attribute => {
      const { key, value } = fieldsOf(attribute, ['key', 'value'])
      const { stringValue, intValue } = fieldsOf(value, ['stringValue', 'intValue'])
      assert.ok(typeof key === 'string' && key !== '', 'an attribute without key')
      assert.ok(typeof (stringValue ?? intValue) === 'string', `no value: ${JSON.stringify(value)}`)
      return [key, String(stringValue ?? intValue)]
    }),
  )
}
