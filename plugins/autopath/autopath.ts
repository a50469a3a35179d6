import { resolve } from 'node:path'
import { CLASS, RCODE, TYPE } from '#src/dns/codes.ts'
import { isUnder, ROOT } from '#src/dns/name.ts'
import { firstOwner, rebase } from '#src/dns/rebase.ts'
import { readTtl, SectionsBuilder } from '#src/dns/sections.ts'
import { ZoneSet } from '#src/dns/zone-map.ts'
import { CellsByServer } from '#src/metrics.ts'
import { type Handler, type Instance, type Logger, onReply, type Query, Reply, type ServerBlock } from '#src/plugin.ts'
import { PodSearch } from './pod-search.ts'
import { readSearchList } from './resolv-conf.ts'

export interface Options {
  /** As text. */
  readonly zones: readonly string[]
  /** A resolv.conf with the search list of all clients; undefined where each Pod has its own. */
  readonly file: string | undefined
}

/** Behind the search list of a Pod stands that of its node, which the server is taken to have, too. */
const MACHINE = '/etc/resolv.conf'

export class Autopath implements Instance {
  readonly #options: Options
  readonly #block: ServerBlock
  readonly #log: Logger
  readonly #zones: ZoneSet
  readonly #machine: readonly string[]
  readonly #successes: CellsByServer

  /** @throws {Error} the file cannot be read */
  constructor(options: Options, block: ServerBlock) {
    this.#options = options
    this.#block = block
    this.#log = block.log('autopath')
    this.#zones = new ZoneSet(options.zones)
    this.#machine = options.file === undefined ? machineList() : readFile(resolve(block.root, options.file))
    this.#successes = new CellsByServer(
      block.server.metrics.counter('coredns_autopath_success_total', 'Counter of requests that did autopath.'),
    )
  }

  async start(): Promise<void> {
    const { cluster, server } = this.#block
    // Once, for all threads.
    if (this.#options.file === undefined && !cluster?.pods && server.control)
      this.#log.warn('this has no effect: @kubernetes needs the kubernetes plugin in the block, with pods verified')
  }

  wrap(next: Handler): Handler {
    const searchList = this.#searchList()
    return query => {
      if (query.class !== CLASS.IN || !this.#zones.has(query.key)) return next(query)
      const list = searchList(query)
      const [first] = list ?? []
      if (!list || first === undefined || query.key === first || !isUnder(query.key, first)) return next(query)
      return this.#walk(query, list, next)
    }
  }

  #searchList(): (query: Query) => readonly string[] | undefined {
    if (this.#options.file !== undefined) {
      const list = [...this.#machine, ROOT]
      return () => list
    }
    const view = this.#block.cluster
    if (!view?.pods) return () => undefined
    const pods = new PodSearch(view, this.#machine)
    return query => pods.list(query)
  }

  /** Asks for the name below each domain of the list, the first of which it is below already, until one is there. */
  #walk(query: Query, [first, ...domains]: readonly string[], next: Handler): Reply | PromiseLike<Reply> {
    const base = query.key.slice(0, query.key.length - first!.length)
    const names = domains.map(domain => base + domain).filter(name => name.length <= 255)
    return onReply(query, next(query), reply => this.#goOn(query, reply, names, next))
  }

  #goOn(query: Query, original: Reply, names: readonly string[], next: Handler): Reply | PromiseLike<Reply> {
    if (isEnd(original)) return this.#finish(query, original)
    for (const [i, name] of names.entries()) {
      const asked = Object.assign(query.derive(name, query.type), { zone: query.zone })
      const reply = next(asked)
      if (!(reply instanceof Reply))
        return reply.then(late =>
          isEnd(late) ? this.#finish(query, renamed(query, asked, late)) : this.#goOn(query, original, names.slice(i + 1), next),
        )
      if (isEnd(reply)) return this.#finish(query, renamed(query, asked, reply))
    }
    return original
  }

  #finish({ listener }: Query, reply: Reply): Reply {
    if (reply.rcode === RCODE.NOERROR) this.#successes.of(listener.label).value++
    return reply
  }
}

/** Whether the walk ends here: also with a failure, since then the name may be there. */
const isEnd = (reply: Reply): boolean =>
  reply.rcode !== RCODE.NXDOMAIN && reply.rcode !== RCODE.REFUSED && !reply.silent && !isLacking(reply)

/** SERVFAIL though nothing failed: *hosts* or *template* do not have the name, and no SOA record to say so with. */
const isLacking = ({ rcode, cause, upstream, extendedError }: Reply): boolean =>
  rcode === RCODE.SERVFAIL && cause === undefined && upstream === undefined && extendedError === undefined

/** The reply to `asked` as one to `query`: a CNAME leads to where it was found. @throws {FormatError} a name in it is not well formed */
function renamed(query: Query, asked: Query, reply: Reply): Reply {
  const { sections } = reply
  const builder = new SectionsBuilder(query.key)
  const owner = firstOwner(asked, sections)
  if (owner !== undefined && owner !== query.key)
    builder.name(query.key, TYPE.CNAME, readTtl(sections.bytes, sections.answerSpans[0]!.fixed), owner)
  return Object.assign(new Reply(reply.rcode), reply, { sections: rebase(asked, sections, builder).build() })
}

/** The search list of this machine; none where it has none. */
function machineList(): string[] {
  try {
    return readSearchList(MACHINE)
  } catch {
    return []
  }
}

function readFile(path: string): string[] {
  try {
    return readSearchList(path)
  } catch (error) {
    throw new Error(`failed to read ${path}: ${(error as Error).message}`)
  }
}
