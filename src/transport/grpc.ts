/** DNS over gRPC, as CoreDNS has it: over HTTP/2, in the clear or with TLS. */
import { createServer } from 'node:tls'
import { serveCalls } from './grpc-call.ts'
import { speakHttp2 } from './http2.ts'
import { STREAM_LIMITS } from './stream.ts'
import { isWelcome, type ListenSecure, listenSecure, optionsOf, type Secured } from './tls.ts'
import type { ConnectionLimits } from './transport.ts'

/** Calls at a time of one connection: another server brings those of all its clients over one. */
const STREAMS = 256

export const listenGrpc: ListenSecure = (address, port, receive, connections, settings, opening) => {
  const limits = (): ConnectionLimits => ({ ...STREAM_LIMITS, streams: STREAMS, ...opening?.limits?.() })
  const { take, end } = speakHttp2(serveCalls, receive, limits, connections)
  const create: Secured['create'] = (changed, clientOf) =>
    createServer({ ...optionsOf(changed, opening), ALPNProtocols: ['h2'] }, stream => {
      const client = clientOf(stream)
      if (client && isWelcome(stream, changed)) take(stream, client)
      else stream.destroy()
    })
  return listenSecure(address, port, { create, take, end }, connections, settings, opening)
}
