import { LONGEST_TIMER } from '#src/clock.ts'
import { toKey } from '#src/dns/name.ts'
import type { AccessSource } from '#src/feeds/kubernetes/access.ts'
import type { Selectors } from '#src/feeds/kubernetes/kinds.ts'
import { readLabelSelector } from '#src/feeds/kubernetes/label-selector.ts'
import { type NamedAccess, namedAccess } from '#src/feeds/kubernetes/named-access.ts'
import type { Directive, Line } from '#src/plugin.ts'
import { isReverse } from '#src/registry/reverse.ts'

const POD_MODES = ['disabled', 'insecure', 'verified'] as const

export interface Options {
  /** As text. */
  readonly zones: readonly string[]
  /** Where the API server is. @param root the directory that relative file names count from */
  readonly source: (root: string) => AccessSource
  readonly selectors: Selectors
  /** Namespaces that exist; all where none are named. */
  readonly namespaces: ReadonlySet<string>
  readonly pods: (typeof POD_MODES)[number]
  readonly podNames: boolean
  /** Whether EndpointSlices are watched. */
  readonly endpoints: boolean
  readonly ignoreEmpty: boolean
  /** Zones, as keys, that hold imported Services. */
  readonly multicluster: ReadonlySet<string>
  readonly zonal: boolean
  /** Seconds. */
  readonly ttl: number
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
    endpoint: undefined,
    tls: undefined,
    kubeconfig: undefined,
    selectors: { labels: '', namespaceLabels: '' },
    namespaces: new Set(),
    pods: 'disabled',
    podNames: false,
    endpoints: true,
    ignoreEmpty: false,
    multicluster: new Set(),
    zonal: false,
    ttl: 5,
    startupTimeout: 5000,
    fallthrough: [],
  }
  line.options(readers(options))
  line.end()
  if (options.zones.every(zone => isReverse(toKey(zone))))
    throw line.problem('a zone that is not a reverse zone is needed, for the names of services')
  if (options.namespaces.size > 0 && options.selectors.namespaceLabels !== '')
    throw line.problem('namespaces and namespace_labels cannot both be set')
  if (options.zonal && !options.endpoints) throw line.problem('zonal answers from endpoints: remove noendpoints')
  const served = new Set(options.zones.map(toKey))
  for (const zone of options.multicluster)
    if (!served.has(zone)) throw line.problem('the zones of multicluster must be among those of kubernetes')
  if (options.kubeconfig && options.endpoint !== undefined) line.warn('endpoint is not used: kubeconfig takes precedence')
  return { ...options, source: namedAccess(options) }
}

function readers(options: Words): Readonly<Record<string, (option: Line) => void>> {
  const set = (values: Partial<Words>) => void Object.assign(options, values)
  return {
    endpoint: option => {
      set({ endpoint: option.url('URL') })
      const others = option.rest()
      if (others.length > 0) option.warn(`only the first endpoint is used: ${options.endpoint}`)
    },
    tls: option => set({ tls: [option.text('CERT'), option.text('KEY'), option.text('CACERT')] }),
    kubeconfig: option => set({ kubeconfig: [option.text('KUBECONFIG'), option.left > 0 ? option.text('CONTEXT') : undefined] }),
    apiserver_qps: readRate,
    apiserver_burst: option => void option.integer('BURST', 0),
    apiserver_max_inflight: option => void option.integer('MAX', 0),
    namespaces: option => set({ namespaces: new Set([...options.namespaces, ...option.some('NAMESPACE')]) }),
    namespace_labels: option => set({ selectors: { ...options.selectors, namespaceLabels: readSelector(option) } }),
    labels: option => set({ selectors: { ...options.selectors, labels: readSelector(option) } }),
    pods: option => set({ pods: option.oneOf('pods', POD_MODES) }),
    endpoint_pod_names: () => set({ podNames: true }),
    ttl: option => set({ ttl: option.integer('TTL', 0, 3600) }),
    noendpoints: () => set({ endpoints: false }),
    fallthrough: option => set({ fallthrough: option.zones(['.']) }),
    ignore: option => {
      option.oneOf('ignore', ['empty_service'])
      set({ ignoreEmpty: true })
    },
    multicluster: option => set({ multicluster: new Set(option.zones([]).map(toKey)) }),
    zonal: () => set({ zonal: true }),
    startup_timeout: option => set({ startupTimeout: option.duration('DURATION', { max: LONGEST_TIMER }) }),
  }
}

function readRate(option: Line): void {
  const text = option.text('QPS')
  if (!/^\d+(\.\d+)?$/.test(text)) throw option.problem(`QPS must be a number that is not negative: '${text}'`)
}

function readSelector(option: Line): string {
  const text = option.some('EXPRESSION').join(' ')
  try {
    return readLabelSelector(text)
  } catch (error) {
    throw option.problem((error as Error).message)
  }
}
