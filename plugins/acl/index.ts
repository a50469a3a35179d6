/** *acl* decides who may ask for what. */
import { toOctets } from '#src/dns/address.ts'
import { EXTENDED_ERROR, RCODE } from '#src/dns/codes.ts'
import { toText } from '#src/dns/name.ts'
import { CellsByServer } from '#src/metrics.ts'
import { type Plugin, type Query, Reply, refused, silence } from '#src/plugin.ts'
import { type Action, actionOf, type Rule, readRule } from './rule.ts'

export const acl: Plugin<readonly Rule[]> = {
  name: 'acl',
  parse: directive => directive.uses().map(line => readRule(line, directive.zones)),

  create(rules, block) {
    const { metrics } = block.server
    const view = block.viewName
    const allowed = new CellsByServer(
      metrics.counter('coredns_acl_allowed_requests_total', 'Counter of DNS requests being allowed.'),
      { view },
    )
    const counters = {
      block: metrics.counter('coredns_acl_blocked_requests_total', 'Counter of DNS requests being blocked.'),
      filter: metrics.counter('coredns_acl_filtered_requests_total', 'Counter of DNS requests being filtered.'),
      drop: metrics.counter('coredns_acl_dropped_requests_total', 'Counter of DNS requests being dropped.'),
    }
    const judge = (query: Query): Reply | undefined => {
      const { action, zone } = verdict(query, rules)
      const server = query.listener.label
      if (action === 'allow') {
        allowed.of(server).value++
        return undefined
      }
      counters[action].with({ server, zone: toText(zone), view }).value++
      return denial(action)
    }
    return { wrap: next => query => judge(query) ?? next(query), updated: judge }
  },
}

/** What the first rule says that says something of the query, and its zone; what no rule is about is allowed. */
function verdict({ key, type, client }: Query, rules: readonly Rule[]): { action: Action; zone: string } {
  const address = toOctets(client.address)!
  for (const { zones, policies } of rules) {
    const zone = zones.find(key)
    const action = zone === undefined ? undefined : actionOf(policies, type, address)
    if (zone !== undefined && action) return { action, zone }
  }
  return { action: 'allow', zone: '' }
}

function denial(action: Exclude<Action, 'allow'>): Reply {
  if (action === 'block') return Object.assign(refused(), { extendedError: { code: EXTENDED_ERROR.BLOCKED } })
  if (action === 'filter') return Object.assign(new Reply(RCODE.NOERROR), { extendedError: { code: EXTENDED_ERROR.FILTERED } })
  return silence()
}
