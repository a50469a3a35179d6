import { isIPv4 } from 'node:net'
import { CLASS } from '#src/dns/codes.ts'
import { writeRecord } from '#src/dns/master-file/record.ts'
import { hashOf } from '#src/dns/name-hash.ts'
import { writeQuery } from '#src/dns/query.ts'
import { wholeRecords } from '#src/dns/rebase.ts'
import { type Handler, type Instance, type Listener, Query, type Reply, type ServerBlock } from '#src/plugin.ts'
import { Explanation, questionOf, sayOutcome } from './explanation.ts'
import { type Question, readQuestion } from './question.ts'

const PATH = '/explain'

export class Explain implements Instance {
  readonly #address: string
  readonly #block: ServerBlock
  #listener: Listener | undefined
  /** The plugin that every query of the chain comes to first. */
  #first = ''
  #release: (() => Promise<void>) | undefined

  constructor(address: string, block: ServerBlock) {
    this.#address = address
    this.#block = block
  }

  async start(): Promise<void> {
    this.#release = await this.#block.server.control?.serve(this.#address, PATH, async parameters => {
      let question: Question
      try {
        question = readQuestion(parameters)
      } catch (error) {
        return { status: 400, body: `${(error as Error).message}\n` }
      }
      return { status: 200, body: await this.#answer(question) }
    })
  }

  serving(listeners: readonly Listener[]): void {
    this.#listener = listeners[0]
  }

  async stop(): Promise<void> {
    await this.#release?.()
  }

  around(plugin: string, handler: Handler, instance: Instance): Handler {
    this.#first = plugin
    return query => {
      const { explanation } = query.client
      if (!(explanation instanceof Explanation)) return handler(query)
      return explanation.follow(query, plugin, plugin === this.#first, instance.explain?.(query) ?? [], handler)
    }
  }

  async #answer({ name, type, client: address }: Question): Promise<string> {
    const listener = this.#listener
    if (!listener) return 'not serving yet\n'
    const explanation = new Explanation()
    const message = writeQuery(name, type)
    const query = new Query({
      message,
      questionEnd: message.length,
      key: name,
      hash: hashOf(name),
      type,
      class: CLASS.IN,
      edns: undefined,
      client: { address, port: 0, family: isIPv4(address) ? 4 : 6, explanation },
      transport: 'udp',
      listener,
      received: performance.now(),
    })
    const reply = await this.#block.resolve(query)
    const elapsed = (performance.now() - query.received).toFixed(1)
    const way = explanation.hasBegun ? explanation.lines() : [`${questionOf(query)} in ${elsewhere(query)}`, '']
    const head = `asked by ${address} at ${listener.label}`
    return `${[head, '', ...way, `${sayOutcome(reply)}, in ${elapsed} ms`, ...records(query, reply)].join('\n')}\n`
  }
}

const elsewhere = ({ zone }: Query): string =>
  zone === '' ? 'no server block: none has a zone for it' : `the server block of ${zone}, which has no line with explain`

const records = (query: Query, { sections, ttl }: Reply): string[] =>
  wholeRecords(query, sections).map(record =>
    writeRecord({ ...record, ttl: ttl ?? record.ttl, data: Buffer.from(record.data).toString('latin1') }),
  )
