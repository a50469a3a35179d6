/** DNS over HTTPS (RFC 8484), over HTTP/2 and HTTP/1.1. */
import { createServer } from 'node:tls'
import { serveExchange } from './http-exchange.ts'
import { speakHttp1 } from './http1.ts'
import { type ServeStream, speakHttp2 } from './http2.ts'
import { STREAM_LIMITS } from './stream.ts'
import { isWelcome, type ListenSecure, listenSecure, optionsOf, type Secured } from './tls.ts'
import type { ConnectionLimits, Receive } from './transport.ts'

export const listenHttps: ListenSecure = (address, port, receive, connections, settings, opening) => {
  const limits = (): ConnectionLimits => ({ ...STREAM_LIMITS, ...opening?.limits?.() })
  const http1 = speakHttp1(receive, limits)
  const http2 = speakHttp2(serveRequest(receive), limits)
  const create: Secured['create'] = (changed, clientOf) =>
    createServer({ ...optionsOf(changed, opening), ALPNProtocols: ['h2', 'http/1.1'] }, stream => {
      const client = clientOf(stream)
      if (!client || !isWelcome(stream, changed)) stream.destroy()
      else if (stream.alpnProtocol === 'h2') http2.take(stream, client)
      else http1.take(stream, client)
    })
  const end = () => {
    http1.end()
    http2.end()
  }
  return listenSecure(address, port, { create, end }, connections, settings, opening)
}

/** A request of HTTP/2. */
const serveRequest =
  (receive: Receive): ServeStream =>
  ({ stream, headers, bound }, client, limits) => {
    const exchange = {
      method: headers[':method'],
      path: headers[':path'],
      headers,
      // A refusal is still to be sent.
      body: stream.iterator({ destroyOnReturn: false }),
      isOver: () => stream.closed,
      bound,
      respond(status: number, headers: Readonly<Record<string, string | number>>, octets: Uint8Array) {
        stream.respond({ ':status': status, ...headers })
        stream.end(octets)
      },
    }
    return serveExchange(exchange, client, receive, limits)
  }
