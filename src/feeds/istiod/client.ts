import { setTimeout as sleep } from 'node:timers/promises'
import { Backoff, type Pace } from '../../backoff.ts'
import { Malformed } from '../../protobuf-reader.ts'
import type { Access } from './access.ts'
import { Call } from './call.ts'
import { ClusterView } from './cluster-view.ts'
import { CODE, type Ending, explain, isWithoutAmbient } from './ending.ts'
import { writeNode } from './request.ts'
import { ResponseFrames } from './response-frames.ts'
import { DiscoveryStream } from './stream.ts'
import type { TypeName } from './types.ts'
import type { View } from './view.ts'
import { WorkloadView } from './workload-view.ts'

/** Istio's own clients wait for up to a minute, in which answers would be old. */
const PACE: Pace = { backoff: [500, 10_000], healthy: 10_000 }
/** Milliseconds between connections that are followed by the next without waiting; istiod's last half an hour. */
const FAREWELL = 10_000

/** Which protocol is spoken: WDS, or what a sidecar speaks. */
export type Mode = 'wds' | 'eds'

interface ClientListener {
  /** A stream begins that fills this view. */
  connected(view: View): void
  /** The connection was proved to stand. */
  heard(): void
  /** A response was taken in, or refused. */
  response(view: View, type: TypeName, octets: number, refusal: string | undefined): void
  /** @param trouble in words; undefined where the connection ended as it should */
  disconnected(trouble: string | undefined): void
  warn(text: string): void
}

/** Keeps a stream from istiod up, whatever happens. */
export class Client {
  readonly #access: Access
  readonly #modes: readonly Mode[]
  readonly #listener: ClientListener
  readonly #views = new Map<Mode, View>()
  readonly #backoff = new Backoff(PACE)
  #address = 0
  /** Since when the last stream has told something. */
  #telling = Number.POSITIVE_INFINITY
  #farewell = Number.NEGATIVE_INFINITY

  /** @param modes to be tried, in this order */
  constructor(access: Access, modes: readonly Mode[], listener: ClientListener) {
    this.#access = access
    this.#modes = modes
    this.#listener = listener
  }

  /** Whether the last stream has told anything. */
  get #told(): boolean {
    return this.#telling < Number.POSITIVE_INFINITY
  }

  /** Never ends. */
  async run(): Promise<never> {
    const { addresses, tls } = this.#access
    for (;;) {
      const ending = await this.#stream(addresses[this.#address]!)
      const graceful = ending.code === CODE.GOING_AWAY
      this.#listener.disconnected(
        graceful ? undefined : explain(ending, { secure: tls !== undefined, told: this.#views.size > 0 }),
      )
      if (graceful && performance.now() - this.#farewell > FAREWELL) {
        this.#farewell = performance.now()
        continue
      }
      this.#address = (this.#address + 1) % addresses.length
      const wait = this.#backoff.wait(performance.now() - this.#telling)
      // All addresses are tried before it is waited.
      if (this.#address === 0) await sleep(wait)
    }
  }

  /** One stream, in the first mode that istiod offers. */
  async #stream(address: string): Promise<Ending> {
    let ending: Ending
    let i = 0
    do ending = await this.#call(address, this.#modes[i]!)
    while (isWithoutAmbient(ending) && ++i < this.#modes.length)
    return ending
  }

  async #call(address: string, mode: Mode): Promise<Ending> {
    const view: View = this.#views.get(mode) ?? (mode === 'wds' ? new WorkloadView(this.#access) : new ClusterView(this.#access))
    const listener = this.#listener
    this.#telling = Number.POSITIVE_INFINITY
    let stream: DiscoveryStream | undefined
    let frames: ResponseFrames | undefined
    const call = new Call(address, this.#access, {
      connected: () => {
        listener.connected(view)
        stream = new DiscoveryStream(call, view, writeNode(view.node, this.#access), {
          response: (type, octets, refusal) => {
            if (!this.#told) {
              this.#telling = performance.now()
              // What the other kind of stream has told is of no more use.
              for (const other of this.#views.keys()) if (other !== mode) this.#views.delete(other)
            }
            this.#views.set(mode, view)
            listener.response(view, type, octets, refusal)
            if (view.hint !== undefined) listener.warn(view.hint)
            view.hint = undefined
          },
          unasked: url => listener.warn(`a response of type ${JSON.stringify(url.slice(0, 80))}, which was not asked for`),
        })
        frames = new ResponseFrames(stream)
      },
      data: chunk => {
        try {
          frames!.take(chunk)
        } catch (error) {
          if (!(error instanceof Malformed)) throw error
          call.end(CODE.MALFORMED, error.message)
        }
      },
      heard: listener.heard,
    })
    const ending = await call.ended
    stream?.discard()
    // Who is sent away at once is to wait.
    return ending.code === CODE.GOING_AWAY && !this.#told ? { ...ending, code: CODE.UNAVAILABLE } : ending
  }
}
