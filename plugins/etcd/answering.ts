import { Authority } from '#src/answers/authority.ts'
import { CLASS, FLAG, TYPE } from '#src/dns/codes.ts'
import { type Sections, SectionsBuilder } from '#src/dns/sections.ts'
import { ZoneSet } from '#src/dns/zone-map.ts'
import { answer, failure, type Handler, nameError, noData, type Query, type Reply, refused } from '#src/plugin.ts'
import type { Directory } from './directory.ts'
import { LookupFailure } from './failure.ts'
import type { Options } from './options.ts'
import { type Found, Search } from './search.ts'

/** Seconds that negative answers and the SOA may be kept. */
const TTL = 30

/** What answers from a directory. */
export class Answering {
  readonly #directory: Directory
  readonly #zones: ZoneSet
  readonly #fallthrough: ZoneSet
  readonly #apexFallback: boolean
  readonly #resolve: Handler
  readonly #authority = new Authority(TTL)

  constructor(directory: Directory, { zones, fallthrough, apexFallback }: Options, resolve: Handler) {
    this.#directory = directory
    this.#zones = new ZoneSet(zones)
    this.#fallthrough = new ZoneSet(fallthrough)
    this.#apexFallback = apexFallback
    this.#resolve = resolve
  }

  handler(next: Handler): Handler {
    return query => {
      const zone = query.class === CLASS.IN ? this.#zones.find(query.key) : undefined
      return zone === undefined ? next(query) : this.#answer(query, zone, next)
    }
  }

  #answer(query: Query, zone: string, next: Handler): Reply | PromiseLike<Reply> {
    const { key, type } = query
    if (type === TYPE.AXFR || type === TYPE.IXFR) return refused()
    this.#authority.touch()
    if (type === TYPE.SOA && key === zone) return answer(this.#authority.answer(zone))
    return this.#search(query, zone, next)
  }

  async #search(query: Query, zone: string, next: Handler): Promise<Reply> {
    const { key } = query
    const soa = this.#authority.negative(zone, key)
    const search = new Search(query, {
      directory: this.#directory,
      zone,
      apexFallback: this.#apexFallback,
      resolve: this.#resolve,
    })
    try {
      const found = await search.find()
      if (found) {
        const reply = found.answers.length > 0 ? answer(written(key, found)) : noData(soa)
        if (search.truncated) reply.flags |= FLAG.TC
        return reply
      }
      if (this.#fallthrough.has(key)) return next(query)
      return key === zone || (await search.hasBelow()) ? noData(soa) : nameError(soa)
    } catch (error) {
      if (error instanceof LookupFailure) return failure(error, error.extendedError)
      throw error
    }
  }
}

function written(key: string, { answers, additionals }: Found): Sections {
  const builder = new SectionsBuilder(key)
  for (const { owner, type, ttl, data } of answers) builder.octets(owner, type, ttl, data)
  builder.additional()
  for (const { owner, type, ttl, data } of additionals) builder.octets(owner, type, ttl, data)
  return builder.build()
}
