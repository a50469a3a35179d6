/** DNS over HTTPS (RFC 8484), over HTTP/2 and HTTP/1.1; or over HTTP, behind a proxy that ends TLS. */
import type { Socket } from 'node:net'
import { createServer } from 'node:tls'
import { serveExchange } from './http-exchange.ts'
import { speakHttp1 } from './http1.ts'
import { type ServeStream, speakHttp2 } from './http2.ts'
import { STREAM_LIMITS } from './stream.ts'
import { spokenBy } from './tcp.ts'
import { isWelcome, type ListenSecure, listenSecure, optionsOf, type Secured } from './tls.ts'
import type { ConnectionLimits } from './transport.ts'

/** What connections of HTTP/2 begin with (RFC 9113 §3.4), and no request of HTTP/1.1 does. */
const PREFACE = 'PRI'

export const listenHttps: ListenSecure = (address, port, receive, connections, settings, opening) => {
  const limits = (): ConnectionLimits => ({ ...STREAM_LIMITS, ...opening?.limits?.() })
  const http1 = speakHttp1(receive, limits, connections)
  const http2 = speakHttp2(serveRequest, receive, limits, connections)
  const create: Secured['create'] = (changed, clientOf) =>
    createServer({ ...optionsOf(changed, opening), ALPNProtocols: ['h2', 'http/1.1'] }, stream => {
      const client = clientOf(stream)
      if (!client || !isWelcome(stream, changed)) stream.destroy()
      else if (stream.alpnProtocol === 'h2') http2.take(stream, client)
      else http1.take(stream, client)
    })
  const bare = spokenBy((socket, client) =>
    beginning(socket, limits().read, isHttp2 => (isHttp2 ? http2 : http1).take(socket, client)),
  )
  const end = () => {
    bare.end()
    http1.end()
    http2.end()
  }
  return listenSecure(address, port, { create, take: bare.take, end }, connections, settings, opening)
}

/** Without a handshake that says which version a client speaks, its first octets tell. @param milliseconds for them to come */
function beginning(socket: Socket, milliseconds: number, take: (isHttp2: boolean) => void): { end(): void } {
  let octets: Buffer = Buffer.alloc(0)
  let isOver = false
  const read = () => {
    const chunk: Buffer | null = socket.read()
    if (chunk) octets = Buffer.concat([octets, chunk])
    if (octets.length < PREFACE.length) return
    settle()
    socket.unshift(octets)
    take(octets.toString('latin1', 0, PREFACE.length) === PREFACE)
  }
  const leave = () => socket.destroy()
  const timer = setTimeout(leave, milliseconds)
  const settle = () => {
    isOver = true
    clearTimeout(timer)
    socket.off('readable', read).off('end', leave).off('close', settle)
  }
  socket.on('readable', read).on('end', leave).on('error', leave).on('close', settle)
  return {
    end() {
      if (!isOver) leave()
    },
  }
}

/** A request of HTTP/2. */
const serveRequest: ServeStream = ({ stream, headers, body, bound, send }, client, receive) => {
  const exchange = {
    method: headers[':method'],
    path: headers[':path'],
    headers,
    body,
    isOver: () => stream.closed,
    bound,
    respond(status: number, headers: Readonly<Record<string, string | number>>, octets: Uint8Array) {
      send(octets.length, () => {
        stream.respond({ ':status': status, ...headers })
        stream.end(octets)
      })
    },
  }
  return serveExchange(exchange, client, receive)
}
