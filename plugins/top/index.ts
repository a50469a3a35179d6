/** *top* shows who asks most, and for what. */
import { toText } from '#src/dns/name.ts'
import { onReply, type Plugin, type Query, type Reply, type ServerBlock } from '#src/plugin.ts'
import { Ranking } from './ranking.ts'
import { Tally } from './tally.ts'

export const top: Plugin<undefined> = {
  name: 'top',

  parse(directive) {
    directive.once().end()
    return undefined
  },

  create(_, block) {
    const { tallies, key, tally } = tallyOf(block)
    const see = (reply: Reply, query: Query): Reply => {
      tally.see(query, reply)
      return reply
    }
    return {
      wrap: next => query => onReply(query, next(query), see),
      async start() {
        tally.users++
      },
      async stop() {
        if (--tally.users === 0) tallies.delete(key)
      },
    }
  },
}

/** The tally of the server block, kept over a reload: those before and after it have the same. */
function tallyOf({ zones, viewName, server: { metrics } }: ServerBlock) {
  const { tallies } = Ranking.of(
    metrics,
    'coredns_top_client_queries_per_second',
    'Queries of the clients that ask most, over the last one to two minutes.',
    'client',
    new Map(),
    ({ clients }) => clients,
  )
  Ranking.of(
    metrics,
    'coredns_top_name_queries_per_second',
    'Queries for the names that are asked for most, over the last one to two minutes.',
    'name',
    tallies,
    ({ names }) => names,
    toText,
  )
  Ranking.of(
    metrics,
    'coredns_top_nxdomain_queries_per_second',
    'Queries for the names that are most often answered with NXDOMAIN, over the last one to two minutes.',
    'name',
    tallies,
    ({ missing }) => missing,
    toText,
  )
  const labels = { zones: zones.join(), view: viewName }
  const key = JSON.stringify(labels)
  const tally = tallies.get(key) ?? new Tally(labels)
  tallies.set(key, tally)
  return { tallies, key, tally }
}
