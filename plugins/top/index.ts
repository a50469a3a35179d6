/** *top* tells who asks most, and for what. */
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
    const tally = tallyOf(block)
    const see = (reply: Reply, query: Query): Reply => {
      tally.see(query, reply)
      return reply
    }
    return { wrap: next => query => onReply(query, next(query), see) }
  },
}

/** Where the server block counts, and did before a reload. */
function tallyOf({ zones, view, server: { metrics } }: ServerBlock): Tally {
  const { tallies } = metrics.once('coredns_top_client_queries_per_second', () => {
    const help = 'Queries of the clients that ask most, over the last one to two minutes.'
    return new Ranking('coredns_top_client_queries_per_second', help, 'client', new Map(), ({ clients }) => clients)
  })
  metrics.once('coredns_top_name_queries_per_second', () => {
    const help = 'Queries for the names that are asked for most, over the last one to two minutes.'
    return new Ranking('coredns_top_name_queries_per_second', help, 'name', tallies, ({ names }) => names, toText)
  })
  metrics.once('coredns_top_nxdomain_queries_per_second', () => {
    const help = 'Queries for the names that are most often answered with NXDOMAIN, over the last one to two minutes.'
    return new Ranking('coredns_top_nxdomain_queries_per_second', help, 'name', tallies, ({ missing }) => missing, toText)
  })
  const labels = { zones: zones.join(), view: view?.name ?? '' }
  const key = JSON.stringify(labels)
  const tally = tallies.get(key) ?? new Tally(labels)
  tallies.set(key, tally)
  return tally
}
