/** What upstreams do wrong. */
import { constants } from 'node:http2'
import { writePacket } from '#src/grpc/dns-service.ts'
import { frame } from '#src/grpc/frames.ts'
import { refuse, respond } from '#test/support/grpc-server.ts'
import type { GrpcScript } from '#test/support/grpc-upstream.ts'
import { messageFrom } from '#test/support/records.ts'

const answerOf = (message: Buffer): Buffer => messageFrom(message, ['web.example.org. 300 IN A 192.0.2.1'])

export const web: GrpcScript = answerOf

const OK = { ':status': 200, 'content-type': 'application/grpc' } as const

export interface Fault {
  readonly script: GrpcScript
  readonly rcode: string
  /** As the log tells it, with TO for the upstream. */
  readonly cause: string
  /** Where CoreDNS says something else. */
  readonly theirs?: string
}

const failed = (script: GrpcScript, cause: string, theirs?: string): Fault => ({
  script,
  rcode: 'SERVFAIL',
  cause,
  ...(theirs !== undefined && { theirs }),
})

/** Of what is no reply to the question. */
const NO_REPLY = 'what TO answers is no reply to the question'

const reset =
  (code: number): GrpcScript =>
  (_message, stream) =>
    void stream.close(code)

/** A status behind a message that would do. */
const late: GrpcScript = (message, stream) =>
  respond(stream, frame(writePacket(answerOf(message))), { 'grpc-status': '13', 'grpc-message': 'late' })

export const FAULTS: Readonly<Record<string, Fault>> = {
  'another rcode': { script: message => messageFrom(message, [], { rcode: 5 }), rcode: 'REFUSED', cause: '' },
  'not found': { script: (_message, stream) => refuse(stream, { 'grpc-status': '5' }), rcode: 'NXDOMAIN', cause: '' },
  'a status': failed(
    (_message, stream) => refuse(stream, { 'grpc-status': '8', 'grpc-message': 'too%20much %C3%BC' }),
    'rpc error: code = ResourceExhausted desc = too much ü',
  ),
  'a status that nobody knows': failed(
    (_message, stream) => refuse(stream, { 'grpc-status': '99', 'grpc-message': 'x' }),
    'rpc error: code = Code(99) desc = x',
  ),
  'a status behind a reply': failed(late, 'rpc error: code = Internal desc = late'),
  'another status of HTTP': failed(
    (_message, stream) => void stream.respond({ ':status': 503, 'content-type': 'text/html' }, { endStream: true }),
    'rpc error: code = Unavailable desc = unexpected HTTP status code received from server: 503',
  ),
  'another type': failed((_message, stream) => {
    stream.respond({ ':status': 200, 'content-type': 'text/html' })
    stream.end('hello')
  }, 'rpc error: code = Unknown desc = transport: received unexpected content-type "text/html"'),
  'no status': failed((_message, stream) => {
    stream.respond(OK)
    stream.end()
  }, 'rpc error: code = Internal desc = server closed the stream without sending trailers'),
  'no message': failed((_message, stream) => respond(stream, Buffer.alloc(0)), 'rpc error: code = Internal desc = no message'),
  'half a message': failed(
    (_message, stream) => respond(stream, Buffer.of(0, 0, 0, 0, 9, 1)),
    'rpc error: code = Internal desc = a message that is cut off',
  ),
  'a message that is compressed': failed(
    (_message, stream) => respond(stream, Buffer.of(1, 0, 0, 0, 1, 1)),
    'rpc error: code = Internal desc = a message that is compressed',
  ),
  'a message that is too long': failed(
    (_message, stream) => respond(stream, frame(Buffer.alloc(70_000))),
    'rpc error: code = ResourceExhausted desc = received message larger than max (70000 vs. 65539)',
  ),
  'what is no packet': failed(
    (_message, stream) => respond(stream, frame(Buffer.of(255, 255))),
    'rpc error: code = Internal desc = no DnsPacket: a number that does not end',
  ),
  'what is no message': failed(() => Buffer.alloc(5, 7), NO_REPLY),
  'half a reply': failed(
    message => answerOf(message).subarray(0, -3),
    'record data at octet 60 runs over the end of the message',
  ),
  'a reply to something else': failed(
    message => messageFrom(Buffer.from(message.toString('latin1').replace('web', 'wed'), 'latin1')),
    NO_REPLY,
    'FORMERR',
  ),
  'the query itself': failed(message => message, NO_REPLY, 'FORMERR'),
  'a stream that is reset': failed(
    reset(constants.NGHTTP2_INTERNAL_ERROR),
    'rpc error: code = Internal desc = stream terminated by RST_STREAM with error code: INTERNAL_ERROR',
  ),
  'a stream that is refused': failed(
    reset(constants.NGHTTP2_REFUSED_STREAM),
    'rpc error: code = Unavailable desc = stream terminated by RST_STREAM with error code: REFUSED_STREAM',
  ),
  'a stream that is cancelled': failed(
    reset(constants.NGHTTP2_CANCEL),
    'rpc error: code = Canceled desc = stream terminated by RST_STREAM with error code: CANCEL',
  ),
  'a connection that is cut': failed(
    (_message, stream) => void stream.session?.destroy(),
    'rpc error: code = Unavailable desc = error reading from server: EOF',
  ),
}
