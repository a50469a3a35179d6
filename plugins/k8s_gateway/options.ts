import { LONGEST_TIMER } from '#src/clock.ts'
import { keyBelow, labelsOf, ROOT } from '#src/dns/name.ts'
import type { AccessSource } from '#src/feeds/kubernetes/access.ts'
import { readLabelSelector } from '#src/feeds/kubernetes/label-selector.ts'
import { type NamedAccess, namedAccess } from '#src/feeds/kubernetes/named-access.ts'
import type { Directive, Line } from '#src/plugin.ts'

const RESOURCES = ['Ingress', 'Service', 'HTTPRoute', 'TLSRoute', 'GRPCRoute', 'VirtualService', 'DNSEndpoint', 'Node'] as const

const ADDRESS_TYPES = ['InternalIP', 'ExternalIP'] as const

export type Resource = (typeof RESOURCES)[number]

/** The key of a name server of a zone. */
type ServerName = (zone: string) => string

export interface Options {
  /** As text. */
  readonly zones: readonly string[]
  /** In the order in which they are asked. */
  readonly resources: readonly Resource[]
  /** Classes that count; all where none are named. */
  readonly ingressClasses: readonly string[]
  readonly gatewayClasses: readonly string[]
  /** Label selectors, of which a Service is to fit one; all Services do where there are none. */
  readonly serviceSelectors: readonly string[]
  readonly nodeAddresses: (typeof ADDRESS_TYPES)[number]
  readonly apex: ServerName
  readonly secondary: ServerName | undefined
  /** Seconds. */
  readonly ttl: number
  /** Where the API server is. @param root the directory that relative file names count from */
  readonly source: (root: string) => AccessSource
  /** Milliseconds. */
  readonly startupTimeout: number
  /** Zones whose unknown names go to the next plugin. */
  readonly fallthrough: readonly string[]
}

type Said = Omit<Options, 'source'> & NamedAccess
type Words = { -readonly [K in keyof Said]: Said[K] }

export function parseOptions(directive: Directive): Options {
  const line = directive.once()
  const options: Words = {
    zones: line.zones(directive.zones),
    resources: ['Ingress', 'Service'],
    ingressClasses: [],
    gatewayClasses: [],
    serviceSelectors: [],
    nodeAddresses: 'InternalIP',
    apex: zone => keyBelow(['dns1', 'kube-system'], zone),
    secondary: undefined,
    ttl: 60,
    kubeconfig: undefined,
    endpoint: undefined,
    startupTimeout: 5000,
    fallthrough: [],
  }
  const set = (values: Partial<Words>) => void Object.assign(options, values)
  line.options({
    resources: option => set({ resources: readResources(option) }),
    ingressClasses: option => set({ ingressClasses: option.some('CLASS') }),
    gatewayClasses: option => set({ gatewayClasses: option.some('CLASS') }),
    serviceLabelSelectors: option => set({ serviceSelectors: [...options.serviceSelectors, ...readSelectors(option)] }),
    nodeAddressType: option => set({ nodeAddresses: option.oneOf('nodeAddressType', ADDRESS_TYPES) }),
    apex: option => set({ apex: readServer(option, 'APEX') }),
    secondary: option => set({ secondary: readServer(option, 'SECONDARY') }),
    ttl: option => set({ ttl: option.integer('TTL', 0, 3600) }),
    kubeconfig: option => set({ kubeconfig: [option.text('KUBECONFIG'), option.left > 0 ? option.text('CONTEXT') : undefined] }),
    endpoint: option => set({ endpoint: option.url('URL') }),
    startup_timeout: option => set({ startupTimeout: option.duration('DURATION', { max: LONGEST_TIMER }) }),
    fallthrough: option => set({ fallthrough: option.zones(['.']) }),
  })
  line.end()
  if (options.kubeconfig && options.endpoint !== undefined) line.warn('endpoint is not used: kubeconfig takes precedence')
  return { ...options, source: namedAccess(options) }
}

/** A name below each zone, or, with a dot at its end, a whole one. */
function readServer(option: Line, what: string): ServerName {
  const isWhole = option.peek()?.endsWith('.')
  const key = option.name(what)
  if (key === ROOT) throw option.problem(`${what} must be the name of a server: '.'`)
  return isWhole ? () => key : zone => keyBelow(labelsOf(key), zone)
}

function readResources(option: Line): Resource[] {
  const resources: Resource[] = []
  do resources.push(option.oneOf('RESOURCE', RESOURCES))
  while (option.left > 0)
  return resources
}

function readSelectors(option: Line): string[] {
  const selectors: string[] = []
  do {
    const text = option.text('SELECTOR')
    try {
      selectors.push(readLabelSelector(text))
    } catch (error) {
      throw option.problem((error as Error).message)
    }
  } while (option.left > 0)
  return selectors
}
