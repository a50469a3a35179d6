/** One request to the fake API server, and what it is answered. */
import type { ServerResponse } from 'node:http'
import { Body } from './body.ts'
import type { Asked, FakeApi, Fault } from './fake-api.ts'
import type { KubeObject } from './objects.ts'
import { hasProtobuf, writeEvent, writeList, writeObject } from './protobuf-writer.ts'
import { isSelected } from './selectors.ts'
import type { Change } from './store.ts'

const PROTOBUF = 'application/vnd.kubernetes.protobuf'

type Said = Exclude<Fault, { status: number } | 'deaf' | 'unseen'> | undefined

/** How what is said is written. */
interface Writer {
  readonly type: string
  object(object: KubeObject): Buffer
  list(kind: string, apiVersion: string, metadata: Record<string, string>, items: readonly KubeObject[]): Buffer
  event(type: string, object: KubeObject): Buffer
}

const protobuf: Writer = { type: PROTOBUF, object: writeObject, list: writeList, event: writeEvent }

const json: Writer = {
  type: 'application/json',
  object: object => Buffer.from(JSON.stringify(object)),
  list: (kind, apiVersion, metadata, items) => Buffer.from(JSON.stringify({ kind: `${kind}List`, apiVersion, metadata, items })),
  event: (type, object) => Buffer.from(`${JSON.stringify({ type, object })}\n`),
}

/** @param kind of the objects that the path lists; undefined for a path of none */
export function converse(api: FakeApi, asked: Asked, kind: string | undefined, out: ServerResponse, fault: Said): void {
  const spoken = [json.type, ...(api.protobuf ? [PROTOBUF] : [])]
  const wanted = asked.accept.split(',').find(type => spoken.includes(type) && (type === json.type || hasProtobuf(kind ?? '')))
  const writer = wanted === PROTOBUF ? protobuf : json
  const refuse = (code: number, message: string) => {
    out.writeHead(code, { 'content-type': writer.type })
    out.end(writer.object(statusOf(code, message)))
  }
  if (api.token !== undefined && asked.authorization !== `Bearer ${api.token}`) refuse(401, 'Unauthorized')
  else if (kind === undefined) out.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n')
  else if (wanted === undefined) refuse(406, 'only the following media types are accepted: application/json')
  else if (asked.query.get('watch') !== 'true') list(api, asked, kind, out, writer, fault, refuse)
  else if (asked.query.has('sendInitialEvents') && !api.streams) refuse(422, 'sendInitialEvents is forbidden for watch')
  else if (Number(asked.query.get('resourceVersion')) < api.store.compacted && !asked.query.has('sendInitialEvents'))
    refuse(410, 'too old resource version')
  else watch(api, asked, kind, out, writer, fault)
}

function list(
  api: FakeApi,
  asked: Asked,
  kind: string,
  out: ServerResponse,
  writer: Writer,
  fault: Said,
  refuse: (code: number, message: string) => void,
): void {
  const { version, start } = pageOf(asked, api)
  if (version < api.store.compacted) {
    refuse(410, 'the provided continue parameter is too old')
    return
  }
  const items = api.store.list(asked.path, version).filter(object => isSelected(object, asked.query))
  const end = start + Number(asked.query.get('limit') ?? items.length)
  const metadata = {
    resourceVersion: `${version}`,
    ...(end < items.length && { continue: Buffer.from(JSON.stringify({ version, start: end })).toString('base64url') }),
  }
  out.writeHead(200, { 'content-type': writer.type })
  if (fault === 'mute') {
    out.flushHeaders()
    return
  }
  const body = bodyOf(out, fault)
  body.write(writer.list(kind, apiVersionOf(asked.path), metadata, items.slice(start, end)))
  body.end()
}

function pageOf({ query }: Asked, { store }: FakeApi): { version: number; start: number } {
  const next = query.get('continue')
  return next === null ? { version: store.version, start: 0 } : JSON.parse(Buffer.from(next, 'base64url').toString())
}

function watch(api: FakeApi, asked: Asked, kind: string, out: ServerResponse, writer: Writer, fault: Said): void {
  const { path, query } = asked
  out.writeHead(200, { 'content-type': `${writer.type}${writer === protobuf ? ';stream=watch' : ''}` })
  out.flushHeaders()
  if (fault === 'mute') return
  const body = bodyOf(out, fault)
  if (typeof fault === 'object' && 'inject' in fault) body.write(Buffer.from(fault.inject))
  const bookmark = (annotations: Record<string, string>) =>
    body.write(
      writer.event('BOOKMARK', {
        apiVersion: apiVersionOf(path),
        kind,
        metadata: { name: '', resourceVersion: `${api.store.version}`, annotations },
      }),
    )
  const tell = (change: Change) => {
    if (change.path !== path) return
    const [before, after] = [change.previous, change.type === 'DELETED' ? undefined : change.object].map(
      object => object !== undefined && isSelected(object, query),
    )
    if (before || after) body.write(writer.event(after ? (before ? 'MODIFIED' : 'ADDED') : 'DELETED', change.object))
  }
  if (query.has('sendInitialEvents')) {
    for (const object of api.store.list(path)) if (isSelected(object, query)) body.write(writer.event('ADDED', object))
    bookmark({ 'k8s.io/initial-events-end': 'true' })
  } else if (query.has('resourceVersion')) {
    for (const change of api.store.changes) if (change.version > Number(query.get('resourceVersion'))) tell(change)
  } else {
    for (const object of api.store.list(path)) if (isSelected(object, query)) body.write(writer.event('ADDED', object))
  }
  const stops = [
    api.store.listen(tell),
    api.onExpire(() => {
      body.write(writer.event('ERROR', statusOf(410, 'too old resource version')))
      body.end()
    }),
  ]
  const bookmarks = setInterval(() => bookmark({}), api.bookmarkEvery)
  const lifetime = setTimeout(() => body.end(), Number(query.get('timeoutSeconds') ?? 3600) * 1000)
  out.on('close', () => {
    for (const stop of stops) stop()
    clearInterval(bookmarks)
    clearTimeout(lifetime)
  })
}

const bodyOf = (out: ServerResponse, fault: Said): Body =>
  new Body(out, typeof fault === 'object' && !('inject' in fault) ? fault : undefined)

const statusOf = (code: number, message: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Status',
  status: 'Failure',
  message,
  reason: '',
  code,
})

/** `/apis/GROUP/VERSION/…` and `/api/VERSION/…`. */
const apiVersionOf = (path: string): string => /^\/apis?\/(.*)\/\w+$/.exec(path)?.[1] ?? ''
