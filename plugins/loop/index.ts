/** *loop* finds out whether the block's queries come back to it, and cuts the loop where they do. */
import timers from 'node:timers/promises'
import { BroadcastChannel } from 'node:worker_threads'
import { RCODE, TYPE } from '#src/dns/codes.ts'
import {
  failure,
  type Handler,
  type Instance,
  type Listener,
  type Logger,
  type Plugin,
  type Query,
  type ServerBlock,
} from '#src/plugin.ts'
import { ask, probeName } from './probe.ts'

/** How often a probe may pass: once as sent, and once more for a resolver that asks twice. */
const SIGHTINGS = 2
/** In milliseconds. */
const WINDOW = 30_000
const RETRY = 1000
/** How long after the answer a probe may still come by, on a slower way. */
const STRAGGLING = 2000
/** Between probes while there is a loop. */
const RECHECK = 30_000

export const loop: Plugin<string> = {
  name: 'loop',

  parse(directive) {
    directive.once().end()
    return directive.zones[0]!
  },

  create: (zone, block) => new Loop(zone, block),
}

/** What the main thread, which probes, tells the others. */
interface State {
  /** The name of the probe under way, as key. */
  readonly probe: string | undefined
  /** The loop that was found, while it lasts. */
  readonly found: string | undefined
}

/** What the others tell it when they begin, since they may have missed something. */
const JOINED = 'joined'

/** What the others tell it: a probe has come by. */
interface Sighting {
  readonly probe: string
  readonly name: string
  /** What it would be called. */
  readonly loop: string
}

class Loop implements Instance {
  readonly #zone: string
  readonly #block: ServerBlock
  readonly #log: Logger
  readonly #stopped = new AbortController()
  /** To the same block in other threads. */
  #channel: BroadcastChannel | undefined
  #previous: Loop | undefined
  #state: State = { probe: undefined, found: undefined }
  /** Of the probe under way, in all threads. */
  #sightings = 0
  /** Whether a probe has ended. */
  #tried = false
  #target = ''

  constructor(zone: string, block: ServerBlock) {
    this.#zone = zone
    this.#block = block
    this.#log = block.log('loop')
  }

  wrap(next: Handler): Handler {
    return query => {
      if (query.type === TYPE.HINFO && query.key === this.#state.probe) this.#see(query)
      const { probe, found } = this.#state
      return found !== undefined && query.zone === this.#zone && query.key !== probe ? failure(found) : next(query)
    }
  }

  adopt(previous: Loop): void {
    this.#tried = previous.#tried
    this.#previous = previous
  }

  serving(listeners: readonly Listener[]): void {
    // What it would tell on is not about this Corefile.
    void this.#previous?.stop()
    this.#previous = undefined
    const listener = listeners.find(({ label }) => label.startsWith('dns://'))
    const { viewName, server } = this.#block
    const isMain = server.control !== undefined
    this.#tried ||= !isMain || listener === undefined
    if (!listener) return
    this.#target = listener.label.slice('dns://'.length)
    this.#channel = new BroadcastChannel(`loop ${this.#zone} ${this.#target} ${viewName}`)
    this.#channel.onmessage = event => {
      const said = (event as MessageEvent).data as State | Sighting | typeof JOINED
      if (said === JOINED) {
        if (isMain) this.#tell(this.#state)
      } else if (!('loop' in said)) this.#state = said
      else if (isMain) this.#take(said)
    }
    this.#channel.unref()
    if (isMain) this.#watch(listener).catch(() => {})
    else this.#channel.postMessage(JOINED)
  }

  ready(): true | string {
    return this.#state.found ?? (this.#tried || 'the probe is under way')
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#channel?.close()
    this.#channel = undefined
  }

  #see({ key, name, client: { address, port, family } }: Query): void {
    const from = family === 4 ? `${address}:${port}` : `[${address}]:${port}`
    const loop = `Loop (${from} -> ${this.#target}) detected for zone "${this.#zone}"`
    const sighting: Sighting = { probe: key, name, loop }
    if (this.#block.server.control) this.#take(sighting)
    else this.#channel?.postMessage(sighting)
  }

  #take({ probe, name, loop }: Sighting): void {
    if (probe !== this.#state.probe || ++this.#sightings <= SIGHTINGS) return
    if (this.#state.found === undefined)
      this.#log.error(`${loop}, see https://coredns.io/plugins/loop#troubleshooting. Query: "HINFO ${name}"`)
    this.#tell({ probe: undefined, found: this.#state.found ?? loop })
  }

  #tell(state: State): void {
    this.#state = state
    this.#channel?.postMessage(state)
  }

  /** Probes until one is answered, or the window is over; and where there is a loop, until there is none. Ends with a rejection when stopped. */
  async #watch(listener: Listener): Promise<void> {
    const deadline = performance.now() + WINDOW
    const { signal } = this.#stopped
    for (;;) {
      const clear = await this.#tryOnce(listener)
      const { found } = this.#state
      if (clear && found !== undefined) {
        this.#log.info(`No loop any more for zone "${this.#zone}"`)
        this.#tell({ probe: undefined, found: undefined })
      }
      if (clear || (found === undefined && performance.now() > deadline)) return
      await timers.setTimeout(found === undefined ? RETRY : RECHECK, undefined, { signal, ref: false })
    }
  }

  /** Whether a probe was answered and did not come back. A name of its own keeps tries apart. */
  async #tryOnce(listener: Listener): Promise<boolean> {
    const probe = probeName(this.#zone)
    const { signal } = this.#stopped
    this.#sightings = 0
    this.#tell({ probe, found: this.#state.found })
    try {
      const rcode = await ask(listener, probe, signal)
      this.#tried = true
      // So does a thread answer that knows of the loop and not yet of the probe.
      const isCut = rcode === RCODE.SERVFAIL && this.#state.found !== undefined
      const answered = rcode !== undefined && !isCut
      if (answered) await timers.setTimeout(STRAGGLING, undefined, { signal, ref: false })
      return answered && this.#sightings <= SIGHTINGS
    } finally {
      this.#tell({ probe: undefined, found: this.#state.found })
    }
  }
}
