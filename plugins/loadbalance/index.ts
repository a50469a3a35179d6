import { resolve } from 'node:path'
import { LONGEST_TIMER } from '#src/clock.ts'
import { RCODE, TYPE } from '#src/dns/codes.ts'
import { readKey } from '#src/dns/message.ts'
import { Subnet } from '#src/dns/subnet.ts'
import {
  type Handler,
  type Instance,
  type Line,
  onReply,
  type Plugin,
  type Query,
  type Reply,
  type ServerBlock,
} from '#src/plugin.ts'
import { Weights } from './weights.ts'

interface Options {
  /** The file with weights, as written, and how often it is looked at in milliseconds; undefined for `round_robin`. */
  weighted: { file: string; reload: number } | undefined
  /** Addresses in these stand first, in their order. */
  prefer: readonly Subnet[]
}

export const loadbalance: Plugin<Options> = {
  name: 'loadbalance',
  parse: directive => directive.uses().map(parseUse).at(-1)!,
  create: (options, block) => new LoadBalance(options, block),
}

function parseUse(line: Line): Options {
  const prefer: Subnet[] = []
  let weighted: Options['weighted']
  if (line.left > 0 && line.oneOf('policy', ['round_robin', 'weighted']) === 'weighted')
    weighted = { file: line.text('WEIGHTFILE'), reload: 30_000 }
  line.options({
    reload: option => {
      if (!weighted) throw option.problem('reload is for the weighted policy')
      weighted.reload = option.duration('DURATION', { max: LONGEST_TIMER })
    },
    prefer: option => {
      for (let left = Math.max(1, option.left); left > 0; left--) {
        const text = option.text('CIDR')
        const subnet = Subnet.parse(text)
        if (!subnet) throw option.problem(`invalid CIDR '${text}'`)
        prefer.push(subnet)
      }
    },
  })
  line.end()
  return { weighted, prefer }
}

class LoadBalance implements Instance {
  readonly #weights: Weights | undefined
  readonly #prefer: readonly Subnet[]

  constructor({ weighted, prefer }: Options, block: ServerBlock) {
    this.#prefer = prefer
    this.#weights = weighted && new Weights(resolve(block.root, weighted.file), weighted.reload, block.log('loadbalance'))
  }

  async start(): Promise<void> {
    await this.#weights?.start()
  }

  async stop(): Promise<void> {
    this.#weights?.stop()
  }

  wrap(next: Handler): Handler {
    return query => onReply(query, next(query), this.#balance)
  }

  readonly #balance = (reply: Reply, query: Query): Reply => {
    if (reply.rcode !== RCODE.NOERROR || query.type === TYPE.AXFR || query.type === TYPE.IXFR) return reply
    const weights = isWeighted(query.type) ? this.#weights : undefined
    // Without an order of our own, the server shuffles while it writes, which costs no copy.
    reply.shuffle = this.#weights === undefined && this.#prefer.length === 0
    if (reply.shuffle || reply.sections.addressGroups.length === 0) return reply
    reply.sections = reply.sections.arrange((addresses, { owner }) => {
      if (weights) return this.#preferred(weights.arrange(nameAt(owner, query, reply), addresses))
      return this.#preferred(this.#weights ? addresses : shuffled(addresses))
    })
    return reply
  }

  #preferred(addresses: readonly Uint8Array[]): readonly Uint8Array[] {
    if (this.#prefer.length === 0) return addresses
    const rank = (address: Uint8Array) => {
      const index = this.#prefer.findIndex(subnet => subnet.has(address))
      return index < 0 ? this.#prefer.length : index
    }
    return addresses.toSorted((a, b) => rank(a) - rank(b))
  }
}

const isWeighted = (type: number) => type === TYPE.A || type === TYPE.AAAA || type === TYPE.SRV

/** The key of the name at `offset` of the message that answers `query`. */
function nameAt(offset: number, query: Query, reply: Reply): string {
  if (offset === 12) return query.key
  return readKey(Buffer.concat([query.message.subarray(0, query.questionEnd), reply.sections.bytes]), offset)
}

/** Fisher-Yates. */
function shuffled(addresses: readonly Uint8Array[]): Uint8Array[] {
  const result = [...addresses]
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[result[i], result[j]] = [result[j]!, result[i]!]
  }
  return result
}
