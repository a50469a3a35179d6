/** Where scenarios are played: the whole server but for its sockets, on a clock that stands still until the script moves it. */
import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { any } from '#plugins/any/index.ts'
import { cache } from '#plugins/cache/index.ts'
import { cancel } from '#plugins/cancel/index.ts'
import { loadbalance } from '#plugins/loadbalance/index.ts'
import { minimal } from '#plugins/minimal/index.ts'
import { parseCorefile } from '#src/corefile/tree.ts'
import { FLAG, OPTION, RCODE, typeName } from '#src/dns/codes.ts'
import { readReply } from '#src/dns/message.ts'
import { toKey, toText } from '#src/dns/name.ts'
import { createLogger } from '#src/log.ts'
import { Metrics } from '#src/metrics.ts'
import { failure, type Plugin, type Query, Reply, type Server } from '#src/plugin.ts'
import { InFlight } from '#src/server/chain.ts'
import { configure } from '#src/server/configuration.ts'
import { Generation } from '#src/server/generation.ts'
import { type Respond, responder, type Site } from '#src/server.ts'
import { type Outgoing, octetsOf } from '#src/transport/transport.ts'
import { loaded } from '#test/support/loaded.ts'
import { queryMessage, readAnswer } from '#test/support/message.ts'
import { messageFrom } from '#test/support/records.ts'
import type { Action, Answered, ScriptedReply } from './script.ts'

/** How long a silent upstream is waited for, in milliseconds. */
const PATIENCE = 5000
/** How far time moves at once, in milliseconds. */
const TICK = 100

const log = createLogger('text')

type Step<Kind extends Action['kind']> = Extract<Action, { kind: Kind }>

const respond = responder({
  dropped: () => {},
  refused: () => {},
  failed: error => assert.fail(error as Error),
})

export class Stage implements AsyncDisposable {
  #now = 1_000_000
  #generation: Generation | undefined
  readonly #replies = new Map<string, Answered>()
  #asked = 0
  readonly #metrics = new Metrics()
  readonly #server = { metrics: this.#metrics } as unknown as Server
  readonly #inFlight = new InFlight({ count: 0, limit: 1000 }, () => assert.fail('too many queries in flight'))
  readonly #upstream: Plugin<void> = {
    name: 'upstream',
    waits: true,
    parse: directive => directive.empty(),
    create: () => ({ wrap: () => query => this.#answer(query) }),
  }

  constructor() {
    mock.timers.enable({ apis: ['setTimeout', 'Date'] })
    mock.method(performance, 'now', () => this.#now)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#generation?.stop()
    mock.timers.reset()
    mock.restoreAll()
  }

  async play(action: Action): Promise<void> {
    switch (action.kind) {
      case 'corefile':
        return this.#load(action.text)
      case 'upstream':
        this.#replies.set(questionText(action.name, action.type, action.flags), action)
        return
      case 'query':
        return this.#query(action)
      case 'wait':
        return this.#wait(action.duration)
      case 'asked':
        assert.equal(this.#asked, action.count, 'queries that the upstream got')
        this.#asked = 0
        return
      case 'metric':
        assert.equal(await this.#metric(action), action.value)
    }
  }

  async #load(text: string): Promise<void> {
    const corefile = parseCorefile(text, 'Corefile')
    const next = new Generation(
      corefile.hash,
      await configure(corefile, [cancel, any, loadbalance, minimal, cache, this.#upstream].map(loaded), 53),
      { server: this.#server, log, inFlight: this.#inFlight, onThrow: (_, error) => assert.fail(error as Error) },
    )
    const previous = this.#generation
    if (previous) next.adopt(previous)
    await next.start()
    this.#generation = next
    next.serving(new Map())
    await previous?.stop()
  }

  async #query({ name, type, flags, after, reply }: Step<'query'>): Promise<void> {
    const has = (flag: string) => flags.includes(flag)
    const message = queryMessage(name, type, {
      flags: (has('norec') ? 0 : FLAG.RD) | (has('ad') ? FLAG.AD : 0) | (has('cd') ? FLAG.CD : 0),
      ...((has('edns') || has('do')) && { edns: { dnssecOk: has('do') } }),
    })
    const asked = this.#now
    let received: Outgoing | undefined
    Promise.resolve(this.#respond(message)).then(reply => {
      received = reply
    })
    for (await turn(); !received && this.#now - asked < 2 * PATIENCE; ) await this.#wait(TICK)
    assert.ok(received, 'no reply')
    const answer = readAnswer(octetsOf(received))
    const { rcode, answer: answers, authority, additional } = answer
    assert.deepEqual(
      {
        rcode,
        flags: answer.flags.split(' ').filter(flag => !['qr', 'rd', 'cd'].includes(flag)),
        extendedError: answer.edns?.options.get(OPTION.EDE)?.readUInt16BE(0),
        answer: answers,
        authority,
        additional,
      },
      reply,
    )
    assert.equal(this.#now - asked, after, 'milliseconds until the reply')
    // What was begun in the background comes to its end.
    await turn()
  }

  #respond(message: Uint8Array): ReturnType<Respond> {
    const label = 'dns://:53'
    const site: Site = { label, address: '', port: 53, zones: this.#generation!.zonesAt(label) }
    const client = { address: '192.0.2.1', port: 40_000, family: 4 } as const
    return respond(message, client, 'udp', site)
  }

  /** What the upstream answers; never at once, as it is far away. */
  async #answer(query: Query): Promise<Reply> {
    this.#asked++
    const flags = [
      query.edns?.dnssecOk ? 'do' : '',
      query.flags & FLAG.CD ? 'cd' : '',
      query.flags & FLAG.RD ? '' : 'norec',
    ].filter(Boolean)
    const question = (flags: readonly string[]) => questionText(query.name, typeName(query.type), flags)
    const scripted = this.#replies.get(question(flags)) ?? this.#replies.get(question([]))
    if (!scripted) return new Reply(RCODE.REFUSED)
    const { after, reply } = scripted
    const delay = reply === 'silence' ? PATIENCE : after
    if (delay > 0) await new Promise(resolve => setTimeout(resolve, delay))
    return reply === 'silence' ? failure(new Error('i/o timeout')) : replyOf(query, reply)
  }

  async #wait(milliseconds: number): Promise<void> {
    for (const end = this.#now + milliseconds; this.#now < end; ) {
      const step = Math.min(TICK, end - this.#now)
      this.#now += step
      mock.timers.tick(step)
      await turn()
    }
  }

  async #metric({ name, label }: Step<'metric'>): Promise<number> {
    const metric = Array.from(this.#metrics).find(candidate => candidate.name === name)
    assert.ok(metric, `no metric ${name}`)
    const samples = (await metric.samples()).filter(sample => !label || sample.labels[label[0]] === label[1])
    return samples.reduce((sum, { value }) => sum + value, 0)
  }
}

const questionText = (name: string, type: string, flags: readonly string[]) =>
  [toText(toKey(name)), type, ...flags.toSorted()].join(' ')

/** A reply as *forward* hands it up: read from a message, on the memory of the receive buffer. */
function replyOf(query: Query, { rcode, flags, answer, authority, additional }: ScriptedReply): Reply {
  const bits = flags.reduce((sum, flag) => sum | FLAG[flag.toUpperCase() as keyof typeof FLAG], 0)
  const message = messageFrom(Buffer.from(query.message), answer, {
    rcode: RCODE[rcode as keyof typeof RCODE],
    flags: bits,
    authority,
    additional,
  })
  return readReply(message)
}
