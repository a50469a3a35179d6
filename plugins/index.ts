import type { Plugin } from '#src/plugin.ts'
import { acl } from './acl/index.ts'
import { any } from './any/index.ts'
import { autopath } from './autopath/index.ts'
import { bind } from './bind/index.ts'
import { bufsize } from './bufsize/index.ts'
import { cache } from './cache/index.ts'
import { cancel } from './cancel/index.ts'
import { chaos } from './chaos/index.ts'
import { debug } from './debug/index.ts'
import { errors } from './errors/index.ts'
import { forward } from './forward/index.ts'
import { header } from './header/index.ts'
import { health } from './health/index.ts'
import { hosts } from './hosts/index.ts'
import { k8s_external } from './k8s_external/index.ts'
import { kubernetes } from './kubernetes/index.ts'
import { loadbalance } from './loadbalance/index.ts'
import { local } from './local/index.ts'
import { log } from './log/index.ts'
import { loop } from './loop/index.ts'
import { mesh } from './mesh/index.ts'
import { metadata } from './metadata/index.ts'
import { minimal } from './minimal/index.ts'
import { multisocket } from './multisocket/index.ts'
import { nsid } from './nsid/index.ts'
import { prometheus } from './prometheus/index.ts'
import { ready } from './ready/index.ts'
import { reload } from './reload/index.ts'
import { root } from './root/index.ts'
import { whoami } from './whoami/index.ts'

/**
 * Execution order, outermost first. The Corefile chooses which run; this list alone decides when. It is CoreDNS's order with one change:
 * every source that answers from memory stands above `cache`.
 */
export const plugins: readonly Plugin[] = [
  debug, // before any other plugin asks for its log
  root, // before anything reads a file
  metadata, // handles no queries
  multisocket, // handles no queries
  reload, // handles no queries
  nsid, // says who answers, whoever does
  bufsize, // before anything looks at the client's size
  bind, // handles no queries
  ready, // handles no queries
  health, // handles no queries
  prometheus, // times and counts everything below
  errors, // sees every cause
  log, // prints the reply that the client receives
  cancel, // its clock runs over everything below; its SERVFAIL is seen above
  local, // names of this machine never reach a source
  any, // ANY never reaches a source
  chaos, // its names never reach a source
  loadbalance, // above the cache: each hit is shuffled anew
  autopath, // policy: above all that it asks
  acl, // policy: sees every name that is asked for below it, autopath's too, and before any source or cache answers
  header, // above all that answers, hits of the cache included
  minimal, // above the cache: the whole reply is kept
  hosts, // from memory
  mesh, // from memory: caching it would only age it
  k8s_external, // from memory
  kubernetes, // from memory
  cache, // everything below may be slow or remote
  loop, // must see what forward would send round
  forward, // the outside world
  whoami, // answers whatever is left
]
