/** An istiod that speaks its real protocol through the usual library of gRPC, and can be made to do what a real one does now and then. */

import { type KeyCertPair, type Metadata, Server, ServerCredentials, type ServerDuplexStream, status } from '@grpc/grpc-js'
import type { TypeName } from '#src/feeds/istiod/types.ts'
import { freePort } from '../ports.ts'
import { type Asked, readRequest } from './request.ts'
import { assignment, type Resource, writeResponse } from './resources.ts'

const raw = (octets: Buffer): Buffer => octets
const METHOD = {
  path: '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
  requestStream: true,
  responseStream: true,
  requestSerialize: raw,
  requestDeserialize: raw,
  responseSerialize: raw,
  responseDeserialize: raw,
} as const

type Call = ServerDuplexStream<Buffer, Buffer>

interface Stream {
  readonly call: Call
  /** What is subscribed to, by type; `*` for all. */
  readonly subscribed: Map<TypeName, Set<string>>
}

export interface Tls {
  readonly ca: Buffer | null
  readonly pairs: KeyCertPair[]
}

export class TestIstiod implements AsyncDisposable {
  readonly port: number
  readonly tls: Tls | undefined
  /** Every request so far. */
  readonly requests: Asked[] = []
  /** What was shown with each call. */
  readonly metadata: Metadata[] = []
  /** Whether it offers WDS. */
  ambient = true
  /** The status that every call is ended with. */
  refusal: { code: status; details: string } | undefined
  /** What a response waits for. */
  delay: ((type: TypeName) => Promise<void> | undefined) | undefined
  /** Given as the nonce of every response. */
  nonce: string | undefined
  /** Told of each response whose last octet was written. @param begun when the first one was about to be, by `performance.now()` */
  onWritten: ((type: TypeName, octets: number, begun: number) => void) | undefined
  /** Answers a call instead of the state that is held. */
  script: ((call: Call) => void) | undefined
  readonly #held = new Map<TypeName, Map<string, Resource>>()
  readonly #streams = new Set<Stream>()
  #server: Server | undefined
  #nonces = 0

  static async start(options: { ambient?: boolean; tls?: Tls } = {}): Promise<TestIstiod> {
    const istiod = new TestIstiod(await freePort(), options.tls)
    istiod.ambient = options.ambient ?? true
    await istiod.serve()
    return istiod
  }

  private constructor(port: number, tls: Tls | undefined) {
    this.port = port
    this.tls = tls
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** How many streams there are. */
  get streams(): number {
    return this.#streams.size
  }

  /** Serves on its port, at first and after it was stopped. */
  async serve(): Promise<void> {
    const server = new Server({ 'grpc.max_receive_message_length': 4 << 20, 'grpc.max_send_message_length': -1 })
    server.addService({ delta: METHOD }, { delta: (call: Call) => this.#take(call) })
    const credentials = this.tls
      ? ServerCredentials.createSsl(this.tls.ca, this.tls.pairs, this.tls.ca !== null)
      : ServerCredentials.createInsecure()
    await new Promise<void>((resolve, reject) =>
      server.bindAsync(this.address, credentials, error => (error ? reject(error) : resolve())),
    )
    this.#server = server
  }

  /** What there is before anybody asks. */
  hold(type: TypeName, resources: Iterable<Resource>): void {
    const held = this.#held.get(type) ?? new Map<string, Resource>()
    this.#held.set(type, held)
    for (const resource of resources) held.set(resource.name, resource)
  }

  /** These are so now, and those are no more. */
  push(type: TypeName, resources: readonly Resource[], removed: readonly string[] = []): void {
    this.hold(type, resources)
    for (const name of removed) this.#held.get(type)?.delete(name)
    for (const { call, subscribed } of this.#streams) {
      const names = subscribed.get(type)
      const wanted = (name: string) => names?.has('*') || names?.has(name)
      this.#send(
        call,
        type,
        resources.filter(({ name }) => wanted(name)),
        removed.filter(wanted),
      )
    }
  }

  /** The octets of a message, to everybody. */
  write(message: Buffer): void {
    for (const { call } of this.#streams) call.write(message)
  }

  /** Sends GOAWAY over every connection; what runs there may run on for some time. */
  goAway(): void {
    this.#server?.drain(this.address, 10_000)
  }

  /** Ends every connection at once, and serves no more. */
  stop(): void {
    this.#server?.forceShutdown()
    this.#server = undefined
    this.#streams.clear()
  }

  #take(call: Call): void {
    this.metadata.push(call.metadata)
    const stream: Stream = { call, subscribed: new Map() }
    this.#streams.add(stream)
    const end = () => this.#streams.delete(stream)
    call.on('end', end).on('error', end).on('close', end).on('cancelled', end)
    if (this.refusal) call.emit('error', this.refusal)
    else if (this.script) this.script(call)
    call.on('data', (message: Buffer) => {
      const asked = readRequest(message)
      this.requests.push(asked)
      if (!this.refusal && !this.script) this.#answer(stream, asked)
    })
  }

  #answer({ call, subscribed }: Stream, asked: Asked): void {
    if (asked.node.startsWith('ztunnel~') && !this.ambient) {
      call.emit('error', { code: status.UNKNOWN, details: 'ztunnel requires PILOT_ENABLE_AMBIENT=true' })
      return
    }
    const { type, nonce, subscribe, unsubscribe, versions } = asked
    if (!type || nonce !== '') return
    // All endpoints can be asked for by name only.
    const names = subscribed.get(type) ?? new Set(subscribe.length > 0 || type === 'EDS' ? [] : ['*'])
    const first = !subscribed.has(type)
    subscribed.set(type, names)
    for (const name of subscribe) names.add(name)
    for (const name of unsubscribe) names.delete(name)
    const held = this.#held.get(type) ?? new Map<string, Resource>()
    if ((first && names.has('*')) || subscribe.includes('*')) {
      const changed = [...held.values()].filter(({ name, version = '' }) => versions.get(name) !== version)
      this.#send(
        call,
        type,
        changed,
        [...versions.keys()].filter(name => !held.has(name)),
        true,
      )
    } else if (subscribe.length > 0) {
      this.#send(
        call,
        type,
        subscribe.map(name => held.get(name) ?? emptyAssignment(name)),
      )
    }
  }

  async #send(
    call: Call,
    type: TypeName,
    resources: readonly Resource[],
    removed: readonly string[] = [],
    anyway = false,
  ): Promise<void> {
    if (resources.length === 0 && removed.length === 0 && !anyway) return
    await this.delay?.(type)
    const message = writeResponse({ type, nonce: this.nonce ?? `nonce-${++this.#nonces}`, resources, removed })
    const begun = performance.now()
    call.write(message, () => this.onWritten?.(type, message.length, begun))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop()
  }
}

/** As istiod answers names that it does not know. */
function emptyAssignment(name: string): Resource {
  const [, port, , host] = name.split('|')
  return assignment(Number(port), host!, [])
}
