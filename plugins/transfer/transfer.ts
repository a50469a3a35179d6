import { canonicalAddress } from '#src/dns/address.ts'
import { CLASS, TYPE } from '#src/dns/codes.ts'
import { toKey, toText } from '#src/dns/name.ts'
import type { Sections } from '#src/dns/sections.ts'
import { ZoneMap } from '#src/dns/zone-map.ts'
import {
  answer,
  failure,
  type Handler,
  type Instance,
  type Logger,
  type Query,
  type Reply,
  refused,
  type ServerBlock,
} from '#src/plugin.ts'
import { framed, messages, soaOf } from './messages.ts'
import { Notifier } from './notifier.ts'
import { serialIn } from './serial.ts'

/** Zones that are under way to others at a time, in one server block. */
const MAX_TRANSFERS = 20

/** One use of the directive. */
export interface Rule {
  readonly zones: readonly string[]
  readonly servers: { readonly address: string; readonly port: number }[]
  /** Whether all others may have the zones, too; they are not notified. */
  everybody: boolean
  /** The address that notifications are sent from; any by default. */
  source: string | undefined
}

/** Who may have a zone, and who is notified of a new version. */
interface Secondaries {
  allows(address: string): boolean
  readonly notifiers: readonly Notifier[]
}

export class Transfer implements Instance {
  readonly #block: ServerBlock
  readonly #log: Logger
  readonly #zones = new ZoneMap<Secondaries>()
  #count = 0

  constructor(rules: readonly Rule[], block: ServerBlock) {
    this.#block = block
    this.#log = block.log('transfer')
    for (const rule of rules) {
      const secondaries = this.#secondaries(rule)
      // Of several uses for a zone the first counts, as in CoreDNS.
      for (const key of rule.zones.map(toKey)) if (!this.#zones.get(key)) this.#zones.set(key, secondaries)
    }
    // All threads have the same zones; one of them notifies.
    if (block.server.control) block.notify = key => this.#notify(key)
  }

  #secondaries({ servers, everybody, source }: Rule): Secondaries {
    const addresses = new Set(servers.map(({ address }) => canonicalAddress(address)))
    return {
      allows: address => everybody || addresses.has(address),
      notifiers: servers.map(server => new Notifier({ ...server, source }, this.#block.server, this.#log)),
    }
  }

  #notify(key: string): void {
    for (const notifier of this.#zones.find(key)?.notifiers ?? []) notifier.notify(key)
  }

  wrap(next: Handler): Handler {
    return query => {
      const { type } = query
      return (type === TYPE.AXFR || type === TYPE.IXFR) && query.class === CLASS.IN ? this.#answer(query, next) : next(query)
    }
  }

  #answer(query: Query, next: Handler): Reply | PromiseLike<Reply> {
    const { key, type, client, transport } = query
    if (transport !== 'tcp' && transport !== 'tls') return refused()
    const secondaries = this.#zones.find(key, query.hash)
    if (!secondaries) return next(query)
    if (!secondaries.allows(client.address)) return refused()
    const held = type === TYPE.IXFR ? serialIn(query) : undefined
    if (type === TYPE.IXFR && held === undefined) return failure('an IXFR query without the SOA record of what the client has')
    const version = this.#block.zone(key)
    if (!version) return next(query)
    if (this.#count >= MAX_TRANSFERS) return failure(`more than ${MAX_TRANSFERS} zone transfers under way`)
    const isKnown = version.serial === held
    const all = messages(key, isKnown ? [soaOf(version)] : framed(version.records()))
    const first: Sections = all.next().value!
    return Object.assign(answer(first), { following: this.#follow(query, version.serial, first.answers, all, isKnown) })
  }

  /**
   * The messages behind the first, which has `count` records. A transfer is one once they are asked for: a reply that is given up above never is.
   * @param isKnown whether the first is the SOA record alone, which a client that has this version gets (RFC 1995 §2)
   */
  *#follow(
    { key, client }: Query,
    serial: number,
    count: number,
    others: Iterable<Sections>,
    isKnown: boolean,
  ): Generator<Sections> {
    const zone = `zone "${toText(key)}" to ${client.address}`
    let isWhole = false
    this.#count++
    try {
      for (const sections of others) {
        yield sections
        count += sections.answers
      }
      isWhole = true
    } finally {
      this.#count--
      if (!isWhole) this.#log.warn(`Outgoing transfer of ${zone} for ${serial} SOA serial ended early, behind ${count} records`)
      else if (isKnown) this.#log.info(`Outgoing noop, incremental transfer for up to date ${zone} for ${serial} SOA serial`)
      else this.#log.info(`Outgoing transfer of ${count} records of ${zone} for ${serial} SOA serial`)
    }
  }

  async stop(): Promise<void> {
    for (const { notifiers } of this.#zones.values()) for (const notifier of notifiers) notifier.stop()
  }
}
