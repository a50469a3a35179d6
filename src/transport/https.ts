/** DNS over HTTPS (RFC 8484), over HTTP/2. */
import {
  constants,
  createSecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { readReply } from '../dns/message.ts'
import type { Client } from '../dns/query.ts'
import { clientOf, STREAM_LIMITS } from './stream.ts'
import { isWelcome, type ListenSecure, listenSecure, optionsOf } from './tls.ts'
import { type ConnectionLimits, octetsOf, type Receive, type TlsSettings } from './transport.ts'

const PATH = '/dns-query'
const CONTENT_TYPE = 'application/dns-message'
const LONGEST = 65_535

export const listenHttps: ListenSecure = (address, port, receive, connections, settings, opening) => {
  const sessions = new Set<ServerHttp2Session>()
  const limits = (): ConnectionLimits => ({ ...STREAM_LIMITS, ...opening?.limits?.() })
  const create = (changed: TlsSettings) =>
    createSecureServer({ ...optionsOf(changed, opening), settings: { maxConcurrentStreams: STREAM_LIMITS.inFlight } })
      // Each stream has its own end: who ends the connection has left. Node would keep the session.
      .prependListener('connection', (socket: Socket) => {
        socket.allowHalfOpen = false
      })
      .on('session', session => {
        const socket = session.socket as TLSSocket
        if (!isWelcome(socket, changed)) return session.destroy()
        sessions.add(session)
        const client = clientOf(socket)
        let streams = 0
        session.on('stream', (stream, headers) => {
          streams++
          stream.once('close', () => streams--).on('error', () => {})
          void serve(stream as ServerHttp2Stream, headers, client, receive, limits())
        })
        session.setTimeout(limits().idle, () => {
          if (streams === 0) session.destroy()
        })
        session.on('error', () => session.destroy()).once('close', () => sessions.delete(session))
      })
  const end = () => {
    for (const session of sessions) session.close()
  }
  return listenSecure(address, port, { create, end }, connections, settings, opening)
}

/** What a request is answered with instead of a message: an HTTP status. */
class Refusal extends Error {
  readonly status: number

  constructor(status: number) {
    super(`status ${status}`)
    this.status = status
  }
}

async function serve(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  client: Client,
  receive: Receive,
  { read, write }: ConnectionLimits,
): Promise<void> {
  const cancel = () => stream.close(constants.NGHTTP2_CANCEL)
  stream.setTimeout(read, cancel)
  try {
    const message = await messageOf(stream, headers)
    stream.setTimeout(0)
    const reply = await receive(message, client)
    if (stream.closed) return
    stream.setTimeout(write, cancel)
    if (!reply) throw new Refusal(500)
    const octets = octetsOf(reply)
    stream.respond({ ':status': 200, 'content-type': CONTENT_TYPE, 'content-length': octets.length, ...freshness(octets) })
    stream.end(octets)
  } catch (error) {
    if (stream.closed) return
    stream.respond({ ':status': error instanceof Refusal ? error.status : 400 }, { endStream: true })
  }
}

/** @throws {Refusal} */
async function messageOf(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<Uint8Array> {
  const url = URL.parse(headers[':path'] as string, 'https://localhost')
  if (url?.pathname !== PATH) throw new Refusal(404)
  const method = headers[':method']
  if (method === 'GET') {
    const message = Buffer.from(url.searchParams.get('dns') ?? '', 'base64url')
    if (message.length === 0) throw new Refusal(400)
    return message
  }
  if (method !== 'POST') throw new Refusal(405)
  if (headers['content-type'] !== CONTENT_TYPE) throw new Refusal(415)
  const chunks: Buffer[] = []
  let length = 0
  // A refusal is still to be sent.
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > LONGEST) throw new Refusal(413)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** How long the reply may be kept, by its smallest TTL (RFC 8484 §5.1). */
function freshness(message: Uint8Array): { 'cache-control'?: string } {
  const seconds = readReply(message).sections.minimumTtl
  return seconds === undefined ? {} : { 'cache-control': `max-age=${seconds}` }
}
