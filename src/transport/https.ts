/** DNS over HTTPS (RFC 8484), over HTTP/2 and HTTP/1.1. */
import { createServer } from 'node:tls'
import { speakHttp1 } from './http1.ts'
import { speakHttp2 } from './http2.ts'
import { STREAM_LIMITS } from './stream.ts'
import { isWelcome, type ListenSecure, listenSecure, optionsOf, type Secured } from './tls.ts'
import type { ConnectionLimits } from './transport.ts'

export const listenHttps: ListenSecure = (address, port, receive, connections, settings, opening) => {
  const limits = (): ConnectionLimits => ({ ...STREAM_LIMITS, ...opening?.limits?.() })
  const http1 = speakHttp1(receive, limits)
  const http2 = speakHttp2(receive, limits)
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
