/** *loop* finds out whether the block's queries come back to it, and cuts the loop where they do. */
import timers from 'node:timers/promises'
import { RCODE, TYPE } from '#src/dns/codes.ts'
import {
  failure,
  type Handler,
  type Instance,
  type Listener,
  type Logger,
  type Plugin,
  type Query,
  type Reply,
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

class Loop implements Instance {
  readonly #zone: string
  readonly #log: Logger
  readonly #stopped = new AbortController()
  /** The name of the probe under way, as key. */
  #probe: string | undefined
  #sightings = 0
  /** What was found, while it lasts. */
  #found: string | undefined
  /** Whether a probe has ended. */
  #tried = false
  #target = ''

  constructor(zone: string, block: ServerBlock) {
    this.#zone = zone
    this.#log = block.log('loop')
  }

  wrap(next: Handler): Handler {
    return query => {
      if (query.type === TYPE.HINFO && query.key === this.#probe) return this.#see(query, next)
      if (this.#found !== undefined && query.zone === this.#zone) return failure(this.#found)
      return next(query)
    }
  }

  adopt(previous: Loop): void {
    this.#tried = previous.#tried
  }

  serving(listeners: readonly Listener[]): void {
    const listener = listeners.find(({ label }) => label.startsWith('dns://'))
    this.#tried ||= listener === undefined
    if (listener) this.#watch(listener).catch(() => {})
  }

  ready(): true | string {
    return this.#found ?? (this.#tried || 'the probe is under way')
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
  }

  #see(query: Query, next: Handler): Reply | PromiseLike<Reply> {
    this.#sightings++
    if (this.#sightings <= SIGHTINGS) return next(query)
    if (this.#found === undefined) {
      const { address, port, family } = query.client
      const from = family === 4 ? `${address}:${port}` : `[${address}]:${port}`
      this.#found = `Loop (${from} -> ${this.#target}) detected for zone "${this.#zone}"`
      this.#log.error(`${this.#found}, see https://coredns.io/plugins/loop#troubleshooting. Query: "HINFO ${query.name}"`)
    }
    return failure(this.#found)
  }

  /** Probes until one is answered, or the window is over; and where there is a loop, until there is none. Ends with a rejection when stopped. */
  async #watch(listener: Listener): Promise<void> {
    const deadline = performance.now() + WINDOW
    const { signal } = this.#stopped
    this.#target = listener.label.slice('dns://'.length)
    for (;;) {
      const clear = await this.#tryOnce(listener)
      if (clear && this.#found !== undefined) {
        this.#log.info(`No loop any more for zone "${this.#zone}"`)
        this.#found = undefined
      }
      if (clear || (this.#found === undefined && performance.now() > deadline)) return
      await timers.setTimeout(this.#found === undefined ? RETRY : RECHECK, undefined, { signal, ref: false })
    }
  }

  /** Whether a probe was answered and did not come back. A name of its own keeps tries apart. */
  async #tryOnce(listener: Listener): Promise<boolean> {
    this.#sightings = 0
    this.#probe = probeName(this.#zone)
    try {
      const rcode = await ask(listener, this.#probe, this.#stopped.signal)
      this.#tried = true
      // So does another thread answer that has found the loop.
      const isCut = rcode === RCODE.SERVFAIL && this.#found !== undefined
      const answered = rcode !== undefined && !isCut
      if (answered) await timers.setTimeout(STRAGGLING, undefined, { signal: this.#stopped.signal, ref: false })
      return answered && this.#sightings <= SIGHTINGS
    } finally {
      this.#probe = undefined
    }
  }
}
