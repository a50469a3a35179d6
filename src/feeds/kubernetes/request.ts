import type { Readable } from 'node:stream'
import type { Connection } from './connection.ts'
import type { Encoding } from './encoding.ts'
import { json } from './json-encoding.ts'
import { protobuf } from './protobuf-encoding.ts'
import type { Status } from './status.ts'
import type { Response } from './transport.ts'

/** The API server does not do what it was asked for. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly code: number
  /** Milliseconds to wait; 0 where it says nothing of that. */
  readonly retryAfter: number

  constructor({ code, message, retryAfter }: Status) {
    super(`${message || 'the API server gives no reason'} (${code})`)
    this.code = code
    this.retryAfter = 1000 * (retryAfter ?? 0)
  }
}

/** What went wrong, in words. Node has several for a connection that breaks off, by what was under way on it. */
export function troubleOf(error: Error): string {
  if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') return 'the API server has closed the connection'
  return error instanceof Refused && error.code === 403 ? `not allowed to list and watch: ${error.message}` : error.message
}

/** Content types, the one that costs least first. */
export const PROTOBUF_OR_JSON = 'application/vnd.kubernetes.protobuf,application/json'
export const JSON_ONLY = 'application/json'

export interface Answer {
  readonly encoding: Encoding
  readonly response: Response
}

/** More octets are no page of a list. */
const MAX_PAGE = 256 << 20
/** What is read of an answer that is no success. */
const MAX_REASON = 64 << 10

/** @throws {Refused} @throws {Error} no answer came, or none of an API server */
export async function ask(
  connection: Connection,
  path: string,
  query: Readonly<Record<string, string>>,
  accept: string,
  signal: AbortSignal,
): Promise<Answer> {
  const response = await connection.get(`${path}?${new URLSearchParams(query)}`, accept, signal)
  const encoding = encodingOf(response.type)
  if (response.status === 200 && encoding) return { encoding, response }
  const body = await read(response.body, MAX_REASON)
  if (response.status === 200) throw new Error(`the answer is ${response.type || 'of no type'}, no API server's: ${line(body)}`)
  const { message, retryAfter } = reason(encoding, body)
  throw new Refused({
    code: response.status,
    message: message || line(body),
    retryAfter: response.retryAfter ?? retryAfter,
  })
}

/** By the content type; undefined for what the API does not speak. */
function encodingOf(contentType: string): Encoding | undefined {
  if (contentType.startsWith('application/vnd.kubernetes.protobuf')) return protobuf
  return contentType.startsWith('application/json') ? json : undefined
}

/** A page of a list. */
export async function page(body: Readable): Promise<Buffer> {
  const octets = await read(body, MAX_PAGE)
  if (octets.length > MAX_PAGE) throw new Error(`a page of more than ${MAX_PAGE >> 20} MiB`)
  return octets
}

/** What there is, up to little more than `most` octets. */
async function read(body: Readable, most: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    length += chunk.length
    if (length > most) break
  }
  return Buffer.concat(chunks, length)
}

function reason(encoding: Encoding | undefined, body: Buffer): Partial<Status> {
  try {
    return encoding?.status(body) ?? {}
  } catch {
    return {}
  }
}

/** The start of a text that may be anything, on one line. */
const line = (body: Buffer): string =>
  body
    .toString('utf8', 0, 200)
    .replace(/[^ -~]+/g, ' ')
    .trim()
