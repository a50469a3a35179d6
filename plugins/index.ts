import type { PluginLoader } from '#src/plugin.ts'

/**
 * Execution order, outermost first. The Corefile chooses which run; this list alone decides when. It is CoreDNS's order with one change:
 * every source that answers from memory stands above `cache`.
 */
const order = [
  'debug', // before any other plugin asks for its log
  'view', // chooses the block before its chain is asked
  'root', // before anything reads a file
  'metadata', // handles no queries
  'geoip', // handles no queries
  'tls', // handles no queries
  'proxyproto', // handles no queries
  'grpc_server', // handles no queries
  'https', // handles no queries
  'timeouts', // handles no queries
  'multisocket', // handles no queries
  'reload', // handles no queries
  'explain', // sees what every plugin below does
  'nsid', // says which server answers, whichever plugin does
  'bufsize', // before anything looks at the client's size
  'bind', // handles no queries
  'trace', // times everything below
  'pprof', // handles no queries
  'ready', // handles no queries
  'health', // handles no queries
  'shed', // handles no queries
  'prometheus', // times and counts everything below
  'top', // counts what clients ask and are told
  'errors', // sees every cause
  'log', // prints the reply that the client receives
  'dnstap', // sees every query, and what its client is sent
  'rrl', // policy: before any cache or source answers; log and errors see what became of the query
  'cancel', // its clock runs over everything below; its SERVFAIL is seen above
  'local', // names of this machine never reach a source
  'dns64', // above all that answers for A and AAAA
  'siit', // above all that answers for A and AAAA
  'any', // ANY never reaches a source
  'chaos', // its names never reach a source
  'loadbalance', // above the cache: each hit is shuffled anew
  'tsig', // policy: before any cache or source answers; sees the client's own question
  'rewrite', // policy: everything below is asked the new question, everything above sees the client's own
  'autopath', // policy: above all that it asks
  'acl', // policy: sees every name that is asked for below it, autopath's included, before any source or cache answers
  'header', // above all that answers, hits of the cache included
  'dnssec', // above all that answers: it signs what they say
  'minimal', // above the cache: the whole reply is kept
  'template', // from memory, and with rules of their own: above other sources
  'transfer', // above all sources: only listed servers get a whole zone
  'dynupdate', // from memory
  'hosts', // from memory
  'mesh', // from memory: caching it would only age it
  'k8s_external', // from memory
  'kubernetes', // from memory
  'k8s_gateway', // from memory
  'file', // from memory
  'auto', // from memory
  'secondary', // from memory
  'cache', // everything below may be slow or remote
  'etcd', // asks over the network
  'loop', // must see what forward would send in a circle
  'forward', // the outside world
  'grpc', // the outside world, where forward does not ask
  'erratic', // answers for every name
  'whoami', // answers whatever is left
  'sign', // handles no queries
]

/** Each is loaded when a Corefile names it. */
export const plugins: readonly PluginLoader[] = order.map(name => ({
  name,
  load: async () => (await import(`./${name}/index.ts`))[name],
}))
