/** Calls with one message each way. */
import { type ClientHttp2Session, type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2'
import { frame, SingleMessage } from './frames.ts'
import { headersOfCall } from './request.ts'
import { CallError, STATUS, statusOf } from './status.ts'

/** A call, as a connection carries it out. */
export interface UnaryCall {
  /** `/SERVICE/METHOD` */
  readonly path: string
  readonly message: Uint8Array
  /** Of what is answered, in octets. */
  readonly longest: number
  /** Headers that go along; none by default. */
  readonly metadata?: Readonly<Record<string, string>>
}

/** The connection went, or would not take the call: another one may. */
export class Lost extends CallError {}

/** Statuses that stand for those of HTTP, where something that knows no gRPC answers (doc/http-grpc-status-mapping.md). */
const HTTP: Readonly<Record<number, number>> = {
  400: STATUS.INTERNAL,
  401: STATUS.UNAUTHENTICATED,
  403: STATUS.PERMISSION_DENIED,
  404: STATUS.UNIMPLEMENTED,
  429: STATUS.UNAVAILABLE,
  502: STATUS.UNAVAILABLE,
  503: STATUS.UNAVAILABLE,
  504: STATUS.UNAVAILABLE,
}

/** What streams are reset with, by code (RFC 9113 §7). */
// biome-ignore format: a table
const RESETS = [
  'NO_ERROR', 'PROTOCOL_ERROR', 'INTERNAL_ERROR', 'FLOW_CONTROL_ERROR', 'SETTINGS_TIMEOUT', 'STREAM_CLOSED', 'FRAME_SIZE_ERROR',
  'REFUSED_STREAM', 'CANCEL', 'COMPRESSION_ERROR', 'CONNECT_ERROR', 'ENHANCE_YOUR_CALM', 'INADEQUATE_SECURITY', 'HTTP_1_1_REQUIRED',
]

/** And for the codes that streams are reset with (doc/PROTOCOL-HTTP2.md). */
const RESET: Readonly<Record<number, number>> = {
  [constants.NGHTTP2_CANCEL]: STATUS.CANCELLED,
  [constants.NGHTTP2_ENHANCE_YOUR_CALM]: STATUS.RESOURCE_EXHAUSTED,
  [constants.NGHTTP2_INADEQUATE_SECURITY]: STATUS.PERMISSION_DENIED,
}

/**
 * @param milliseconds that the call may take, as the server is told
 * @param heard told when it begins to answer
 * @returns what is answered; rejects with a CallError
 */
export const ask = (session: ClientHttp2Session, call: UnaryCall, milliseconds: number, heard: () => void): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const stream = request(session, call, milliseconds)
    let answer: SingleMessage | undefined
    /** What it came to, the end aside. */
    let failure: CallError | undefined
    let isWhole = false
    const give = (error: CallError) => {
      failure ??= error
      reject(failure)
      // Of a server that reads nothing, Node would wait for the end.
      stream.close(constants.NGHTTP2_CANCEL)
      stream.destroy()
    }
    const late = setTimeout(
      () => give(new CallError(STATUS.DEADLINE_EXCEEDED, 'context deadline exceeded')),
      Math.max(0, milliseconds),
    )
    const end = (headers: IncomingHttpHeaders) => {
      const status = statusOf(headers)
      if (!status) return
      if (status.code === STATUS.OK) isWhole = true
      else failure ??= new CallError(status.code, status.message)
    }
    stream
      .on('response', headers => {
        heard()
        const { ':status': http, 'content-type': type = '' } = headers
        end(headers)
        if (failure) return
        if (http !== 200)
          give(new CallError(HTTP[http!] ?? STATUS.UNKNOWN, `unexpected HTTP status code received from server: ${http}`))
        else if (!type.startsWith('application/grpc'))
          give(new CallError(STATUS.UNKNOWN, `transport: received unexpected content-type "${type}"`))
        else answer = new SingleMessage(call.longest, headers['grpc-encoding'] as string | undefined)
      })
      .on('trailers', end)
      .on('data', (chunk: Buffer) => {
        try {
          answer?.take(chunk)
        } catch (error) {
          give(error as CallError)
        }
      })
      .on('error', () => {})
      .once('close', () => {
        clearTimeout(late)
        try {
          if (!failure && isWhole && answer) resolve(answer.end())
          else reject(failure ?? endOf(session, stream))
        } catch (error) {
          reject(error)
        }
      })
    stream.end(frame(call.message))
  })

/** @throws {Lost} */
function request(session: ClientHttp2Session, { path, metadata }: UnaryCall, milliseconds: number): ClientHttp2Stream {
  const timeout = `${Math.max(1, Math.ceil(milliseconds))}m`
  try {
    return session.request({ ...headersOfCall(path), 'grpc-timeout': timeout, ...metadata })
  } catch (error) {
    throw new Lost(STATUS.UNAVAILABLE, (error as Error).message)
  }
}

/** Of a call that ended without a status. */
function endOf(session: ClientHttp2Session, { rstCode = 0 }: ClientHttp2Stream): CallError {
  if (session.closed || session.destroyed) return new Lost(STATUS.UNAVAILABLE, 'error reading from server: EOF')
  if (rstCode === constants.NGHTTP2_NO_ERROR)
    return new CallError(STATUS.INTERNAL, 'server closed the stream without sending trailers')
  const told = `stream terminated by RST_STREAM with error code: ${RESETS[rstCode] ?? rstCode}`
  if (rstCode === constants.NGHTTP2_REFUSED_STREAM) return new Lost(STATUS.UNAVAILABLE, told)
  return new CallError(RESET[rstCode] ?? STATUS.INTERNAL, told)
}
