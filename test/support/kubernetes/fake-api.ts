/** An API server of Kubernetes as far as lists and watches go, that misbehaves where its script says so and remembers what it was asked. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import { createServer as createOldSecureServer } from 'node:https'
import type { Socket } from 'node:net'
import { freePort } from '../ports.ts'
import { until } from '../waiting.ts'
import type { Damage } from './body.ts'
import { converse } from './conversation.ts'
import type { KubeObject } from './objects.ts'
import { Store } from './store.ts'

/** A request as it came. */
export interface Asked {
  readonly path: string
  readonly query: URLSearchParams
  readonly accept: string
  readonly authorization: string | undefined
  /** `1.1` or `2.0`. */
  readonly http: string
  /** When it came, as `performance.now()` tells. */
  readonly at: number
}

/** What happens to one request instead of what should. */
export type Fault =
  /** This is the answer. */
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** There is none. */
  | 'deaf'
  /** Over HTTP/2, it is refused before anybody looks at it (RFC 9113 §8.7). */
  | 'unseen'
  /** It begins, and nothing follows. */
  | 'mute'
  /** These octets stand before the first event. */
  | { readonly inject: string | Buffer }
  | Damage

const KINDS = [
  ['/api/v1/namespaces', 'Namespace'],
  ['/api/v1/services', 'Service'],
  ['/api/v1/pods', 'Pod'],
  ['/apis/discovery.k8s.io/v1/endpointslices', 'EndpointSlice'],
  ['/apis/apiextensions.k8s.io/v1/customresourcedefinitions', 'CustomResourceDefinition'],
  ['/apis/networking.istio.io/v1/serviceentries', 'ServiceEntry'],
  ['/apis/networking.istio.io/v1/workloadentries', 'WorkloadEntry'],
  ['/apis/multicluster.x-k8s.io/v1alpha1/serviceimports', 'ServiceImport'],
  ['/apis/networking.k8s.io/v1/ingresses', 'Ingress'],
  ['/api/v1/nodes', 'Node'],
  ['/apis/gateway.networking.k8s.io/v1/gateways', 'Gateway'],
  ['/apis/gateway.networking.k8s.io/v1/listenersets', 'ListenerSet'],
  ['/apis/gateway.networking.k8s.io/v1/httproutes', 'HTTPRoute'],
  ['/apis/gateway.networking.k8s.io/v1/tlsroutes', 'TLSRoute'],
  ['/apis/gateway.networking.k8s.io/v1/grpcroutes', 'GRPCRoute'],
  ['/apis/networking.istio.io/v1/gateways', 'Gateway'],
  ['/apis/networking.istio.io/v1/virtualservices', 'VirtualService'],
  ['/apis/externaldns.k8s.io/v1alpha1/dnsendpoints', 'DNSEndpoint'],
] as const

interface Tls {
  readonly key: string
  readonly cert: string
  /** Only HTTP/1.1 is spoken. */
  readonly old?: boolean
}

export class FakeApi implements AsyncDisposable {
  readonly store = new Store()
  /** Every request so far. */
  readonly seen: Asked[] = []
  /** What goes wrong with a request. */
  script: (asked: Asked) => Fault | undefined = () => undefined
  /** Whether watches can begin with all objects. */
  streams = true
  /** Whether it writes Protocol Buffers. */
  protobuf = true
  /** The bearer token that is to be shown; undefined for none. */
  token: string | undefined
  /** Milliseconds between the bookmarks of a watch. */
  bookmarkEvery = 60_000
  /** Its own, also while it is stopped. */
  readonly port: number
  /** Kinds of objects by the path of their lists. */
  readonly #kinds = new Map<string, string>(KINDS)
  readonly #tls: Tls | undefined
  #server: Server | Http2SecureServer
  readonly #sockets = new Set<Socket>()
  readonly #sessions = new Set<ServerHttp2Session>()
  readonly #expiring = new Set<() => void>()
  #changed = Promise.withResolvers<void>()

  /** @param tls with it, it speaks HTTP/2 and HTTP/1.1 over TLS, else HTTP/1.1 */
  static async start(tls?: Tls): Promise<FakeApi> {
    const api = new FakeApi(tls, await freePort())
    await api.#listen()
    return api
  }

  private constructor(tls: Tls | undefined, port: number) {
    this.#tls = tls
    this.port = port
    this.#server = this.#create()
  }

  get url(): string {
    return `${this.#tls ? 'https' : 'http'}://127.0.0.1:${this.port}`
  }

  /** A definition is in use at once. */
  put(...objects: readonly KubeObject[]): void {
    for (const object of objects) {
      const defines = object.kind === 'CustomResourceDefinition'
      if (defines) this.serve((object.spec as { names: { kind: string } }).names.kind)
      this.store.put(defines ? { ...object, status: { conditions: [{ type: 'Established', status: 'True' }] } } : object)
    }
  }

  delete(...objects: readonly KubeObject[]): void {
    for (const object of objects) this.store.delete(object)
  }

  /** From now on there are objects of this kind, or no longer. */
  serve(kind: string): void {
    for (const [path, name] of KINDS) if (name === kind) this.#kinds.set(path, kind)
  }

  unserve(kind: string): void {
    for (const [path, name] of KINDS) if (name === kind) this.#kinds.delete(path)
  }

  /** Forgets how objects came to be what they are: who goes on from a version before this one is told that it is too old. */
  compact(): void {
    this.store.compacted = this.store.version
  }

  /** The same, and running watches are told so, too. */
  expire(): void {
    this.compact()
    for (const end of this.#expiring) end()
  }

  /** Calls `end` when watches expire, until the function that is returned is called. */
  onExpire(end: () => void): () => void {
    this.#expiring.add(end)
    return () => this.#expiring.delete(end)
  }

  /** Takes no more requests on any connection of HTTP/2 that is open now; those that run go on (RFC 9113 §6.8). */
  goAway(): void {
    for (const session of this.#sessions) session.goaway()
  }

  /** The first request from the one with this index on that is like this. */
  async asked(matches: (asked: Asked) => boolean, from = 0): Promise<Asked> {
    const find = () => this.seen.slice(from).find(matches)
    await until(
      () => find() !== undefined,
      () => this.#changed.promise,
    )
    return find()!
  }

  async stop(): Promise<void> {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await once(this.#server, 'close')
  }

  /** Serves again, on the same port. */
  async restart(): Promise<void> {
    this.#server = this.#create()
    await this.#listen()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #create(): Server | Http2SecureServer {
    const take = (request: IncomingMessage, out: ServerResponse) => this.#take(request, out)
    // With HTTP/2, requests and responses are as good as those of HTTP/1.1.
    const takeSecurely = take as unknown as (request: Http2ServerRequest, out: Http2ServerResponse) => void
    const tls = this.#tls
    const server = tls?.old
      ? createOldSecureServer(tls, take)
      : tls
        ? createSecureServer({ ...tls, allowHTTP1: true }, takeSecurely)
        : createServer(take)
    server.on('session', (session: ServerHttp2Session) => {
      this.#sessions.add(session)
      session.on('close', () => this.#sessions.delete(session))
    })
    return server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  #take({ url = '', headers, httpVersion }: IncomingMessage, out: ServerResponse): void {
    const { pathname: path, searchParams: query } = new URL(url, this.url)
    const { accept = '', authorization } = headers
    const asked = { path, query, accept: `${accept}`, authorization, http: httpVersion, at: performance.now() }
    this.seen.push(asked)
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
    const fault = this.script(asked)
    if (fault === 'deaf') return
    if (fault === 'unseen') {
      ;(out as unknown as Http2ServerResponse).stream.close(constants.NGHTTP2_REFUSED_STREAM)
      return
    }
    if (typeof fault === 'object' && 'status' in fault) {
      out.writeHead(fault.status, { 'content-type': 'text/plain', ...fault.headers }).end(fault.body ?? '')
      return
    }
    converse(this, asked, this.#kinds.get(path), out, fault)
  }
}
