import { constants, createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { serveExchange } from './http-exchange.ts'
import { clientOf, STREAM_LIMITS } from './stream.ts'
import type { Spoken } from './tcp.ts'
import type { ConnectionLimits, Receive } from './transport.ts'

/** DNS in the streams of HTTP/2. @param limits of a connection that comes now */
export function speakHttp2(receive: Receive, limits: () => ConnectionLimits): Spoken {
  const sessions = new Set<ServerHttp2Session>()
  const server = createServer({ settings: { maxConcurrentStreams: STREAM_LIMITS.inFlight } }).on('session', session => {
    sessions.add(session)
    const client = clientOf(session.socket)
    let streams = 0
    session.on('stream', (stream, headers) => {
      streams++
      stream.once('close', () => streams--).on('error', () => {})
      const cancel = () => stream.close(constants.NGHTTP2_CANCEL)
      const exchange = {
        method: headers[':method'],
        path: headers[':path'],
        contentType: headers['content-type'],
        // A refusal is still to be sent.
        body: (stream as ServerHttp2Stream).iterator({ destroyOnReturn: false }),
        isOver: () => stream.closed,
        bound: (milliseconds: number) => void stream.setTimeout(milliseconds, cancel),
        respond(status: number, headers: Readonly<Record<string, string | number>>, octets: Uint8Array) {
          ;(stream as ServerHttp2Stream).respond({ ':status': status, ...headers })
          stream.end(octets)
        },
      }
      void serveExchange(exchange, client, receive, limits())
    })
    session.setTimeout(limits().idle, () => {
      if (streams === 0) session.destroy()
    })
    session.on('error', () => session.destroy()).once('close', () => sessions.delete(session))
  })
  return {
    take: socket => void server.emit('connection', socket),
    end() {
      for (const session of sessions) session.close()
    },
  }
}
