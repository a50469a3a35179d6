import type { IncomingHttpHeaders } from 'node:http2'
import { LONGEST_TIMER } from '../clock.ts'
import { LONGEST_PACKET, QUERY, readPacket, writePacket } from '../grpc/dns-service.ts'
import { frame, SingleMessage } from '../grpc/frames.ts'
import { CallError, STATUS, writeStatus } from '../grpc/status.ts'
import type { ServeStream } from './http2.ts'
import { octetsOf } from './transport.ts'

const HEADERS = { ':status': 200, 'content-type': 'application/grpc', 'grpc-accept-encoding': 'identity' } as const

/** Milliseconds of each unit of `grpc-timeout`. */
const UNITS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 }

/** What is no call of gRPC at all is refused in terms of HTTP, too. */
class Refusal extends CallError {
  readonly status: number

  constructor(status: number, code: number, message: string) {
    super(code, message)
    this.status = status
  }
}

/** Answers calls of gRPC (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md). */
export const serveCalls: ServeStream = async ({ stream, headers, body, bound, send }, client, receive) => {
  const isOver = () => stream.closed || stream.headersSent
  const fail = (code: number, message: string, status = 200) => {
    if (!isOver()) stream.respond({ ...HEADERS, ':status': status, ...writeStatus(code, message) }, { endStream: true })
  }
  bound('read')
  let deadline: NodeJS.Timeout | undefined
  try {
    const milliseconds = timeOf(headers)
    if (milliseconds !== undefined)
      deadline = setTimeout(
        () => fail(STATUS.DEADLINE_EXCEEDED, 'context deadline exceeded'),
        Math.min(milliseconds, LONGEST_TIMER),
      )
    const message = await messageOf(headers, body)
    bound()
    const reply = await receive(message, client)
    if (isOver()) return
    bound('write')
    if (!reply) throw new CallError(STATUS.UNKNOWN, 'no query, or one that is not answered')
    const octets = frame(writePacket(octetsOf(reply)))
    send(octets.length, () => {
      stream.respond(HEADERS, { waitForTrailers: true })
      stream.once('wantTrailers', () => stream.sendTrailers(writeStatus(STATUS.OK)))
      stream.end(octets)
    })
  } catch (error) {
    const { message } = error as Error
    if (error instanceof Refusal) fail(error.code, message, error.status)
    else fail(error instanceof CallError ? error.code : STATUS.INTERNAL, message)
  } finally {
    clearTimeout(deadline)
  }
}

/** How long the client of a call waits, in milliseconds; undefined where it does not say. @throws {Refusal} it is no call */
function timeOf(headers: IncomingHttpHeaders): number | undefined {
  const { ':method': method, 'content-type': contentType = '', 'grpc-timeout': timeout } = headers
  if (method !== 'POST') throw new Refusal(405, STATUS.INTERNAL, `the method of a call is POST: ${method}`)
  if (!/^application\/grpc(?:[+;]|$)/.test(contentType))
    throw new Refusal(415, STATUS.INVALID_ARGUMENT, `no content-type of gRPC: ${contentType}`)
  if (timeout === undefined) return undefined
  const [, digits, unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(`${timeout}`) ?? []
  if (digits === undefined) throw new Refusal(400, STATUS.INTERNAL, `malformed grpc-timeout: ${timeout}`)
  return Number(digits) * UNITS[unit]!
}

/** @throws {CallError} */
async function messageOf(headers: IncomingHttpHeaders, body: Promise<Buffer>): Promise<Buffer> {
  if (headers[':path'] !== QUERY) throw new CallError(STATUS.UNIMPLEMENTED, `unknown method ${headers[':path']}`)
  const message = new SingleMessage(LONGEST_PACKET, headers['grpc-encoding'] as string | undefined)
  message.take(await body)
  return readPacket(message.end())
}
