import { ProtobufReader, sized } from '../../protobuf-reader.ts'
import type { Call } from './call.ts'
import { CODE } from './ending.ts'
import { type Request, writeRequest } from './request.ts'
import type { MessageListener } from './response-frames.ts'
import { TYPE_URLS, type TypeName, typeOf } from './types.ts'
import type { View } from './view.ts'

/** `envoy.service.discovery.v3.DeltaDiscoveryResponse`, and what it consists of. */
const RESPONSE = { resources: sized(2), type: sized(4), nonce: sized(5), removed: sized(6) }
const RESOURCE = { version: sized(1), resource: sized(2), name: sized(3) }
const ANY = { type: sized(1), value: sized(2) }
/** A message without fields is not sent. */
const EMPTY = new ProtobufReader(Buffer.alloc(0))

/** Milliseconds until all that istiod pushes together has come. */
const TOGETHER = 1000

/** Told of responses. */
interface StreamListener {
  /** A response was taken in, or refused. @param octets of it @param refusal why it was not accepted in all its parts */
  response(type: TypeName, octets: number, refusal: string | undefined): void
  /** A response of a type that nobody has asked for. */
  unasked(url: string): void
}

/** Discovery over one call: asks for what a view wants, gives it what comes, and acknowledges it. */
export class DiscoveryStream implements MessageListener {
  readonly #call: Call
  readonly #view: View
  readonly #listener: StreamListener
  /** Types that a response has come of. */
  readonly #seen = new Set<TypeName>()
  #url = ''
  #nonce = ''
  #removed: string[] = []
  /** Why the response is not accepted at all. */
  #problem: string | undefined
  /** Of what may come unasked. */
  #reminder: NodeJS.Timeout | undefined

  /** @param node who asks */
  constructor(call: Call, view: View, node: Buffer, listener: StreamListener) {
    this.#call = call
    this.#view = view
    this.#listener = listener
    let first: Buffer | undefined = node
    for (const request of view.begin()) {
      call.send(writeRequest(TYPE_URLS[request.type], { ...request, node: first }))
      first = undefined
    }
  }

  field(tag: number, reader: ProtobufReader): void {
    if (tag === RESPONSE.resources) this.#readResource(reader)
    else if (tag === RESPONSE.type) this.#url = reader.text()
    else if (tag === RESPONSE.nonce) this.#nonce = reader.text()
    else if (tag === RESPONSE.removed) this.#removed.push(reader.text())
  }

  tooLarge(problem: string): void {
    this.#problem ??= problem
  }

  #readResource(reader: ProtobufReader): void {
    let [version, name, url]: [string, string, string] = ['', '', '']
    let value = EMPTY
    try {
      reader.enter()
      for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
        if (tag === RESOURCE.version) version = reader.text()
        else if (tag === RESOURCE.name) name = reader.text()
        else if (tag === RESOURCE.resource) {
          const any = reader.within()
          for (let part = any.next(); part !== 0; part = any.next()) {
            if (part === ANY.type) url = any.text()
            else if (part === ANY.value) value = any.within()
            else any.skip(part)
          }
        } else reader.skip(tag)
      }
      const type = typeOf(url)
      const resources = type && this.#view.types.get(type)
      if (!resources) throw new Error(`a resource of type ${JSON.stringify(url.slice(0, 80))}`)
      resources.read(name, version, value)
    } catch (error) {
      this.#problem ??= (error as Error).message
    }
  }

  end(octets: number): void {
    const type = typeOf(this.#url)
    const resources = type && this.#view.types.get(type)
    const [url, nonce, removed, problem] = [this.#url, this.#nonce, this.#removed, this.#problem]
    this.#url = this.#nonce = ''
    this.#removed = []
    this.#problem = undefined
    if (!resources) {
      this.discard()
      this.#call.send(writeRequest(url, { nonce, refusal: 'this type was not asked for' }))
      this.#listener.unasked(url)
      return
    }
    const complete = !this.#seen.has(type) && this.#view.isComplete(type)
    this.#seen.add(type)
    // Before Istio 1.22, who does not offer WDS tells a ztunnel of nothing instead of refusing it.
    if (complete && problem === undefined && resources.incoming === 0 && this.#view.node === 'ztunnel') {
      this.#call.end(CODE.UNKNOWN, 'nothing was told to a ztunnel')
      return
    }
    if (problem !== undefined) this.discard()
    const refusal = problem ?? resources.apply(removed, complete)
    this.#call.send(writeRequest(url, { nonce, refusal }))
    // What is asked for is never said in an acknowledgement: istiod would not know which of the two it is.
    const requests = problem === undefined ? this.#view.applied(type) : []
    for (const request of requests) this.#ask(request)
    this.#listener.response(type, octets, refusal)
    // What comes next would be the difference to something that is not held: all of it is to be told again.
    if (problem !== undefined) this.#call.end(CODE.MALFORMED, problem)
  }

  #ask(request: Request): void {
    const { type, isMissing } = request
    const send = () => this.#call.send(writeRequest(TYPE_URLS[type], request))
    if (!isMissing) send()
    else
      this.#reminder ??= setTimeout(() => {
        this.#reminder = undefined
        if (isMissing()) send()
      }, TOGETHER)
  }

  /** The response that comes in does not count. */
  discard(): void {
    for (const resources of this.#view.types.values()) resources.discard()
  }
}
