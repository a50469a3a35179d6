import { once } from 'node:events'
import type { RequestListener, Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import type { TlsOptions } from 'node:tls'
import type { HttpHandler } from '../plugin.ts'

/** Connections of one address. The oldest makes room for the next: clients that keep connections open must not keep out the probes of the kubelet, which would end the pod. */
const MOST_CONNECTIONS = 256

interface SidePort {
  server: Server | SecureServer
  /** For each path its registrations, the newest last. */
  routes: Map<string, HttpHandler[]>
  /** What registrations say of TLS, the newest last: its certificate is shown. */
  settings: readonly TlsOptions[]
}

/** The HTTP ports of *health*, *ready*, *prometheus* and *pprof*: shared by address, and handed over in a reload without being closed. */
export class SidePorts {
  readonly #ports = new Map<string, Promise<SidePort>>()

  /**
   * Answers GET `path` on `address` (`:8080`, `[::1]:9153`) with `handler` until the returned function is called.
   * @param tls makes it HTTPS; whether it is, and who must show a certificate, the first registration of an address decides
   * @throws a system error, such as EADDRINUSE; or what is wrong with the certificate
   */
  async serve(address: string, path: string, handler: HttpHandler, tls?: TlsOptions): Promise<() => Promise<void>> {
    let opening = this.#ports.get(address)
    if (!opening) {
      opening = open(address, tls)
      this.#ports.set(address, opening)
      opening.catch(() => this.#ports.delete(address))
    }
    const port = await opening
    const { server, routes } = port
    if (tls) secure(port, [...port.settings, tls])
    routes.set(path, [...(routes.get(path) ?? []), handler])
    return async () => {
      secure(
        port,
        port.settings.filter(other => other !== tls),
      )
      const rest = (routes.get(path) ?? []).filter(candidate => candidate !== handler)
      if (rest.length > 0) routes.set(path, rest)
      else routes.delete(path)
      if (routes.size > 0) return
      this.#ports.delete(address)
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
  }
}

/** Has clients that come from now on shown what the newest registration says. */
function secure(port: SidePort, settings: readonly TlsOptions[]): void {
  const newest = settings.at(-1)
  if (newest && 'setSecureContext' in port.server) port.server.setSecureContext(newest)
  port.settings = settings
}

async function open(address: string, tls: TlsOptions | undefined): Promise<SidePort> {
  const routes: SidePort['routes'] = new Map()
  const listener: RequestListener = async (request, response) => {
    const url = URL.parse(request.url ?? '/', 'http://side.port')
    const handler = url ? routes.get(url.pathname)?.at(-1) : undefined
    if (!url || !handler) return void response.writeHead(404).end('404 page not found\n')
    try {
      const { status, body, content = 'text/plain; charset=utf-8' } = await handler(url.searchParams)
      response.writeHead(status, { 'content-type': content }).end(body)
    } catch (error) {
      response.writeHead(500).end(`${(error as Error).message}\n`)
    }
  }
  // An import of these modules would run every getter of theirs, and one of them loads an HTTP client of 11 MB.
  const server = tls
    ? process.getBuiltinModule('node:https').createServer(tls, listener)
    : process.getBuiltinModule('node:http').createServer(listener)
  const connections = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
    const [oldest] = connections
    if (connections.size > MOST_CONNECTIONS) oldest!.destroy()
  })
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '')
  server.listen({ port: Number(address.slice(colon + 1)), ...(host && { host }) })
  await once(server, 'listening')
  // A connection that cannot be accepted is lost; the server is not.
  server.on('error', () => {})
  return { server, routes, settings: [] }
}
