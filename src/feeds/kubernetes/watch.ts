import { setImmediate, setTimeout } from 'node:timers/promises'
import { Backoff } from '../../backoff.ts'
import { Malformed } from '../../protobuf-reader.ts'
import type { Details } from './columns.ts'
import type { Connection } from './connection.ts'
import { definitionServed } from './definition.ts'
import type { Encoding, Event } from './encoding.ts'
import type { Held } from './held.ts'
import type { Kind } from './kind.ts'
import { type Answer, ask, JSON_ONLY, PROTOBUF_OR_JSON, page, Refused, troubleOf } from './request.ts'
import { CANNOT_STREAM, CANNOT_WRITE } from './status.ts'
import type { Timing } from './timing.ts'
import { type Response, Silent } from './transport.ts'
import type { State } from './watched-cluster.ts'

/** Objects on one page of a list. */
const PAGE = '500'
/** Milliseconds of work on what has come before the event loop turns. */
const SLICE = 1
/** Objects between two looks at the clock, which takes as long as reading a tenth of one. */
const UNTIMED = 16
let untimed = 0
/** When the event loop turned last, as far as watches know. */
let turned = 0
/** A watch that ends sooner without having told anything has failed. */
const TOO_SHORT = 1000

/** The longest that a server can ask to be left alone, in milliseconds. */
const MAX_ASKED = 60_000

/**
 * Keeps `held` as the API server has it: all objects at first, as the beginning of a watch where the server can do that, else as a list
 * in pages; then every change. What breaks goes on from where it was, and begins anew only where the server cannot go on from there.
 */
export class Watch implements State {
  /** How it is read next. */
  kind: Kind
  readonly held: Held
  /** What everything was read with that has been there last; undefined before it has been once. */
  read: Partial<Details> | undefined
  /** What keeps it from going on; `''` when all is well. */
  trouble = ''
  /** Whether the server does not know the kind. */
  absent = false
  /** How often it was interrupted. */
  restarts = 0
  readonly #connection: Connection
  readonly #timing: Timing
  readonly #onState: () => void
  readonly #backoff: Backoff
  /** The version from which the next watch continues; undefined if everything must be listed. */
  #version: string | undefined
  /** Whether the server can begin a watch with all objects, and whether the last one that began so was not told to the end, or could not be read. */
  #streams = true
  #brokeOff = false
  #accept: string
  /** Something has come that could not be read, and may have been a change; or the server could not go on in the middle of a watch. */
  #doubt = false
  /** Whether the last failure was a version that was too old, and no attempt has worked for long since. */
  #expired = false
  /** Since when the server says that it does not know the kind. */
  #absentSince: number | undefined
  #response: Response | undefined
  #heard = Number.NEGATIVE_INFINITY
  /** Since when the current attempt has reported changes. */
  #telling = Number.POSITIVE_INFINITY
  #stopped = false
  /** Ends the wait for the next attempt. */
  #waiting: AbortController | undefined
  #current = new AbortController()

  /** @param onState called when everything has been read, when its trouble has changed, and when the kind has come or gone */
  constructor(kind: Kind, held: Held, connection: Connection, timing: Timing, onState: () => void) {
    this.kind = kind
    this.held = held
    this.#connection = connection
    this.#timing = timing
    this.#onState = onState
    this.#backoff = new Backoff(timing)
    this.#accept = kind.definition === undefined ? PROTOBUF_OR_JSON : JSON_ONLY
  }

  /** When the server was last heard of, by the monotonic clock in milliseconds. */
  get heard(): number {
    return Math.max(this.#heard, this.#response?.heard() ?? Number.NEGATIVE_INFINITY)
  }

  get missing(): string {
    return `${this.kind.resource}: ${this.trouble || 'no list yet'}`
  }

  /** Runs until it is stopped. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      const { signal } = this.#current
      try {
        await this.#attempt(signal)
      } catch (error) {
        if (!signal.aborted) await this.#recover(error as Error, signal).catch(() => {})
      }
      if (signal.aborted) this.#current = new AbortController()
    }
  }

  stop(): void {
    this.#stopped = true
    this.#current.abort()
  }

  /** Tries again at once where it waits of itself: the server was reached by others. */
  retry(): void {
    this.#waiting?.abort()
  }

  /** Lists everything again, and reads it as `kind` says. */
  reread(kind: Kind): void {
    this.kind = kind
    this.held.reread(kind)
    this.#version = undefined
    this.#current.abort()
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    this.#response = undefined
    if (performance.now() - this.#telling >= this.#timing.healthy) this.#expired = false
    this.#telling = Number.POSITIVE_INFINITY
    if (this.#doubt) this.#version = undefined
    if (this.#version !== undefined) return this.#watch({ resourceVersion: this.#version }, signal)
    this.#doubt = false
    this.held.beginList()
    if (!this.#streams || this.#brokeOff) return this.#list(signal)
    this.#brokeOff = true
    try {
      await this.#watch({ sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }, signal)
    } catch (error) {
      if (!(error instanceof Refused && CANNOT_STREAM.includes(error.code))) throw error
      this.#streams = false
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    let [version, next] = ['', '']
    do {
      const { encoding, response } = await this.#get({ limit: PAGE, ...(next !== '' && { continue: next }) }, signal)
      const list = encoding.list(await page(response.body))
      if (list.version === '') throw new Error('a list without a version')
      // What changes while the list goes on is told by a watch from its first page on.
      version ||= list.version
      next = list.next
      for (const item of list.items) {
        this.held.put(item)
        const pause = this.#pause(signal)
        if (pause) await pause
      }
    } while (next !== '')
    this.#listed(version)
  }

  async #watch(query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
    const [least, most] = this.#timing.lifetime
    const timeoutSeconds = `${Math.round((least + Math.random() * (most - least)) / 1000)}`
    const begun = performance.now()
    const { encoding, response } = await this.#get(
      { watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds, ...query },
      signal,
    )
    if (this.#version !== undefined) this.#well()
    const frames = encoding.frames()
    let events = 0
    for await (const chunk of response.body) {
      this.#heard = performance.now()
      for (const frame of frames.split(chunk)) {
        events++
        this.#take(encoding, frame)
        const pause = this.#pause(signal)
        if (pause) await pause
      }
      if (response.body.readableLength === 0) this.held.flush()
    }
    if (this.#version === undefined) throw new Error('the watch ended before its first state was complete')
    if (events === 0 && performance.now() - begun < TOO_SHORT) throw new Error('the watch ended at once')
  }

  /** Lets the event loop turn, with what has changed told, when it has waited long enough. */
  #pause(signal: AbortSignal): Promise<void> | undefined {
    if (++untimed % UNTIMED !== 0 || performance.now() - turned < SLICE) return undefined
    this.held.flush()
    return setImmediate().then(() => {
      turned = performance.now()
      signal.throwIfAborted()
    })
  }

  #take(encoding: Encoding, frame: Buffer): void {
    let event: Event | undefined
    try {
      event = encoding.event(frame)
    } catch (error) {
      this.held.reject(`${this.kind.resource}: an event that cannot be read: ${(error as Error).message}`)
      this.#doubt = true
      return
    }
    if (event?.type === 'ERROR') {
      this.#doubt = true
      throw new Refused(event.status)
    }
    if (!event) return
    const { type, item } = event
    if (type === 'DELETED') this.held.delete(item)
    else if (type !== 'BOOKMARK') this.held.put(item)
    if (this.#version !== undefined) this.#version = item.version || this.#version
    else if (type === 'BOOKMARK' && item.metadata().at('annotations', 'k8s.io/initial-events-end').value === 'true')
      this.#listed(item.version)
  }

  /** Everything has been told, as it was at this version, but for what could not be read. */
  #listed(version: string): void {
    // What was read before {@link reread} is not what is wanted any more.
    this.#current.signal.throwIfAborted()
    this.held.endList(!this.#doubt)
    this.#version = version
    this.#brokeOff = this.#doubt
    this.#absentSince = undefined
    this.#well()
  }

  #well(absent = false): void {
    this.#telling = performance.now()
    const { details } = this.kind
    if (this.read === details && this.trouble === '' && this.absent === absent) return
    this.read = details
    this.trouble = ''
    this.absent = absent
    this.#onState()
  }

  async #get(query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Answer> {
    const { path, labelSelector, fieldSelector } = this.kind
    const selectors = { ...(labelSelector && { labelSelector }), ...(fieldSelector && { fieldSelector }) }
    const answer = await ask(this.#connection, path, { ...query, ...selectors }, this.#accept, signal)
    this.#response = answer.response
    this.#heard = performance.now()
    return answer
  }

  /** Waits until it is worth trying again. */
  async #recover(error: Error, signal: AbortSignal): Promise<void> {
    this.restarts++
    const code = error instanceof Refused ? error.code : undefined
    if (code === 404 && this.kind.definition !== undefined) return this.#absent(signal)
    this.#absentSince = undefined
    if (CANNOT_WRITE.includes(code ?? 0) && this.#accept !== JSON_ONLY) {
      this.#accept = JSON_ONLY
      return
    }
    // What says nothing for a while is begun anew where it was: over HTTP/1.1 that is all that can be done about it.
    if (error instanceof Silent && this.#response && this.#version !== undefined) return
    // No failure, but what a server that has started again says to a watch from before: everything is to be listed. Unless it says so again.
    const expired = code === 410 && this.#version !== undefined && !this.#expired
    if (code !== 410 || this.#expired) this.#troubled(troubleOf(error))
    this.#expired = code === 410
    if (code === 410 || error instanceof Malformed) this.#version = undefined
    const asked = error instanceof Refused ? Math.min(error.retryAfter, MAX_ASKED) : 0
    const waiting = new AbortController()
    this.#waiting = asked === 0 ? waiting : undefined
    const wait = this.#backoff.wait(expired ? Number.POSITIVE_INFINITY : performance.now() - this.#telling)
    await setTimeout(asked + wait, undefined, { signal: AbortSignal.any([signal, waiting.signal]) })
  }

  /**
   * The server does not know the kind. That is no trouble; but one that has just started does not know it yet, so that what is held is
   * dropped only when it has said so for a while.
   */
  async #absent(signal: AbortSignal): Promise<void> {
    const { relook } = this.#timing
    this.#version = undefined
    this.#heard = performance.now()
    const worked = this.#absentSince === undefined ? Number.POSITIVE_INFINITY : 0
    this.#absentSince ??= this.#heard
    if (this.held.objects.size > 0 && this.#heard - this.#absentSince < relook) {
      await setTimeout(Math.min(this.#backoff.wait(worked), relook), undefined, { signal })
      return
    }
    this.held.beginList()
    this.held.endList(true)
    this.#well(true)
    const looked = new AbortController()
    const either = AbortSignal.any([signal, looked.signal])
    await Promise.race([
      setTimeout(relook, undefined, { signal: either }),
      definitionServed(this.#connection, this.kind, either),
    ]).finally(() => looked.abort())
  }

  #troubled(trouble: string): void {
    if (trouble === this.trouble) return
    this.trouble = trouble
    this.#onState()
  }
}
