import type { Field, Skip } from '../objects/field.ts'
import { readMeta } from '../objects/meta.ts'
import { META } from './meta.ts'
import type { Ingress } from './objects.ts'
import { isIgnored, LOAD_BALANCER, readLoadBalancer, readPatterns } from './outside.ts'
import { message, messages, shape, text } from './shape.ts'

export const INGRESS = shape(
  message(1, 'metadata', META),
  message(2, 'spec', shape(messages(3, 'rules', shape(text(1, 'host'))), text(4, 'ingressClassName'))),
  message(3, 'status', LOAD_BALANCER),
)

/** By which classes were named before there was a field for it. */
const CLASS = 'kubernetes.io/ingress.class'

/** An Ingress (networking.k8s.io). */
export function readIngress(root: Field, skip: Skip): Omit<Ingress, 'version'> | undefined {
  if (isIgnored(root)) return undefined
  const { namespace, name } = readMeta(root)
  const spec = root.at('spec')
  const rules = spec.at('rules').items()
  // A rule without a host is for every host.
  const hosts = rules.map(rule => rule.at('host')).filter(host => host.text('') !== '')
  return {
    kind: 'Ingress',
    namespace,
    name,
    class: spec.at('ingressClassName').text('') || root.at('metadata', 'annotations', CLASS).text(''),
    hosts: readPatterns(hosts, skip),
    places: readLoadBalancer(root, skip),
  }
}
