/** What objects that lead in from the outside have in common. */
import type { Field, Skip } from '../objects/field.ts'
import type { Place } from '../objects/mesh-objects.ts'
import { attempt } from './attempt.ts'
import { message, messages, shape, text } from './shape.ts'

const IGNORE = 'k8s-gateway.dns/ignore'

/** Whether it says that it is not to be named. */
export const isIgnored = (root: Field): boolean => root.at('metadata', 'labels', IGNORE).value === 'true'

/** The `status` of Services and Ingresses. */
export const LOAD_BALANCER = shape(
  message(1, 'loadBalancer', shape(messages(1, 'ingress', shape(text(1, 'ip'), text(2, 'hostname'))))),
)

/** Where the load balancer is reached. */
export const readLoadBalancer = (root: Field, skip: Skip): Place[] =>
  root
    .at('status', 'loadBalancer', 'ingress')
    .each(
      item => (item.at('ip').text('') === '' ? { target: item.at('hostname').host() } : { address: item.at('ip').address() }),
      skip,
    )

/** The keys of hosts, of which the first label may be `*`. */
export const readPatterns = (hosts: readonly Field[], skip: Skip): string[] =>
  hosts.flatMap(host => attempt(() => host.pattern(), skip) ?? [])
