/** The way of a query: bytes in → admission → zone → chain → fit → bytes out. Start here. */
import { CLASS, OPCODE, RCODE } from './dns/codes.ts'
import { type Client, type Listener, Query, type Transport } from './dns/query.ts'
import { failure, onReply, Reply, refused } from './dns/reply.ts'
import { admit } from './server/admission.ts'
import { fit, headerOnly } from './server/fit.ts'
import { SignedQuery } from './server/signed-query.ts'
import type { Zones } from './server/zones.ts'
import { type Outgoing, type Receive, written } from './transport/transport.ts'

/** A listener with the zones that it serves at the moment; a reload replaces them. */
export interface Site extends Listener {
  zones: Zones
}

/** How deep the server may ask itself (CNAME targets and the like) on behalf of one query. */
const MAX_DEPTH = 8

/** How often it may do so for one query: names that each lead to several others would need far more lookups than the depth alone allows. */
const MAX_LOOKUPS = 200

/** Hears of everything that no chain sees. */
export interface Observer {
  /** The message was not a query; `reply` is what it was answered with, if anything. */
  dropped(site: Site, message: Uint8Array, client: Client, transport: Transport, reply: Uint8Array | undefined): void
  /** No zone took the query, or it was a notification or an update. */
  refused(query: Query, reply: Reply): void
  /** A reply could not be made into a message: an error of ours. */
  failed(error: unknown): void
}

/** Answers a message, now or later; undefined if it must not be answered. Never throws or rejects. */
export type Respond = (
  message: Uint8Array,
  client: Client,
  transport: Transport,
  site: Site,
  received?: number,
) => ReturnType<Receive>

export function responder(observer: Observer): Respond {
  const write = (reply: Reply, query: Query, signed?: SignedQuery): Outgoing | undefined => {
    if (reply.silent) return undefined
    try {
      return signed ? signed.fit(reply) : fit(query, reply)
    } catch (error) {
      observer.failed(error)
      return written(headerOnly(query.message, RCODE.SERVFAIL))
    }
  }
  const tell = (reply: Reply, query: Query): Reply => {
    observer.refused(query, reply)
    return reply
  }
  const answer = (query: Query, { zones }: Site): Reply | PromiseLike<Reply> => {
    const reply = query.opcode === OPCODE.QUERY ? ask(query, zones) : take(query, zones)
    return query.zone === '' ? onReply(query, reply, tell) : reply
  }
  return (message, client, transport, site, received) => {
    const admitted = admit(message, client, transport, site, received, site.zones)
    if (admitted instanceof Query) return onReply(admitted, answer(admitted, site), write)
    if (admitted instanceof SignedQuery) {
      const { query } = admitted
      return onReply(query, answer(query, site), reply => write(reply, query, admitted))
    }
    observer.dropped(site, message, client, transport, admitted)
    return admitted && written(admitted)
  }
}

/** A notification (RFC 1996) or an update (RFC 2136) goes to the plugin that has the zone, past the chain, which would take it for a query. */
const take = (message: Query, zones: Zones): Reply | PromiseLike<Reply> =>
  zones.route(message)?.take?.(message) ?? new Reply(RCODE.NOTIMP)

/** Finds the zone and runs its chain. A query that the server makes itself comes in here, too. */
export function ask(query: Query, zones: Zones): Reply | PromiseLike<Reply> {
  if (query.depth > MAX_DEPTH) return failure(`${query.name} leads through more than ${MAX_DEPTH} lookups`)
  if (query.lookups && query.lookups.count > MAX_LOOKUPS)
    return failure(`${query.name} is not looked up: more than ${MAX_LOOKUPS} lookups for one query`)
  if (query.class !== CLASS.IN && !zones.otherClasses) return refused()
  const zone = zones.route(query)
  if (!zone?.handler) return refused()
  query.zone = zone.name
  return zone.handler(query)
}
