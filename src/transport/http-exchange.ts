import { denialTtl } from '../dns/denial.ts'
import { readReply } from '../dns/message.ts'
import type { Client } from '../dns/query.ts'
import { octetsOf, type Receive } from './transport.ts'

const PATH = '/dns-query'
const CONTENT_TYPE = 'application/dns-message'
const LONGEST = 65_535
/** The octets of a header, without which there is no message. */
const SHORTEST = 12

/** A request of HTTP, of either version, and its response. */
interface Exchange {
  readonly method: string | undefined
  readonly path: string | undefined
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Promise<Buffer>
  /** Whether the client has left. */
  isOver(): boolean
  /** Has it end when this time is over, where nothing else is said before; with none, it may take as long as it wants. */
  bound(time?: 'read' | 'write'): void
  respond(status: number, headers: Readonly<Record<string, string | number>>, octets: Uint8Array): void
}

/** What a request is answered with instead of a message: an HTTP status. */
class Refusal extends Error {
  readonly status: number

  constructor(status: number) {
    super(`status ${status}`)
    this.status = status
  }
}

/** Answers a request as RFC 8484 has it. */
export async function serveExchange(exchange: Exchange, client: Client, receive: Receive): Promise<void> {
  exchange.bound('read')
  try {
    const message = await messageOf(exchange)
    exchange.bound()
    const reply = await receive(message, { ...client, headers: exchange.headers })
    if (exchange.isOver()) return
    exchange.bound('write')
    if (!reply) throw new Refusal(500)
    const octets = octetsOf(reply)
    exchange.respond(200, { 'content-type': CONTENT_TYPE, 'content-length': octets.length, ...freshness(octets) }, octets)
  } catch (error) {
    if (exchange.isOver()) return
    const status = error instanceof Refusal ? error.status : 400
    exchange.respond(status, { 'content-length': 0, ...(status === 405 && { allow: 'GET, POST' }) }, new Uint8Array())
  }
}

/** @throws {Refusal} */
async function messageOf(exchange: Exchange): Promise<Uint8Array> {
  const message = await contentOf(exchange)
  if (message.length < SHORTEST) throw new Refusal(400)
  return message
}

/** @throws {Refusal} */
async function contentOf({ method, path, headers, body }: Exchange): Promise<Uint8Array> {
  const url = URL.parse(path ?? '', 'https://localhost')
  if (url?.pathname !== PATH) throw new Refusal(404)
  if (method === 'GET') {
    const [text, ...others] = url.searchParams.getAll('dns')
    if (text === undefined || others.length > 0) throw new Refusal(400)
    return decoded(text)
  }
  if (method !== 'POST') throw new Refusal(405)
  if (mediaType(headers['content-type']) !== CONTENT_TYPE) throw new Refusal(415)
  const content = await body
  if (content.length > LONGEST) throw new Refusal(413)
  return content
}

/** From base64url, without padding (RFC 8484 §6). @throws {Refusal} */
function decoded(text: string): Buffer {
  if (/[^\w-]/.test(text)) throw new Refusal(400)
  return Buffer.from(text, 'base64url')
}

/** Without parameters; letter case means nothing in it (RFC 9110 §8.3.1). */
const mediaType = (contentType: unknown): string => String(contentType).split(';', 1)[0]!.trim().toLowerCase()

/** How long the reply may be kept (RFC 8484 §5.1). */
function freshness(message: Uint8Array): { 'cache-control'?: string } {
  const { sections } = readReply(message)
  const seconds = (sections.answers === 0 ? denialTtl(sections) : undefined) ?? sections.minimumTtl
  return seconds === undefined ? {} : { 'cache-control': `max-age=${seconds}` }
}
