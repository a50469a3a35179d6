/** Resources as istiod sends them, the fields that matter here (numbers: the .proto files of Istio and Envoy). */
import { toOctets } from '#src/dns/address.ts'
import { TYPE_URLS, type TypeName } from '#src/feeds/istiod/types.ts'
import { writeField } from '#src/protobuf-writer.ts'

export interface Resource {
  readonly name: string
  readonly value: Buffer
  readonly version?: string
}

type Part = readonly [field: number, value: string | Uint8Array | number]

const message = (...parts: readonly (Part | Iterable<Part> | false)[]): Buffer =>
  Buffer.concat(
    parts.flatMap(part =>
      part === false ? [] : isOne(part) ? [writeField(...part)] : Array.from(part, one => writeField(...one)),
    ),
  )

const isOne = (part: Part | Iterable<Part>): part is Part => Array.isArray(part) && typeof part[0] === 'number'

const octets = (address: string): Uint8Array => toOctets(address)!

export interface WorkloadOptions {
  readonly addresses?: readonly string[]
  /** `NAMESPACE/HOST`. */
  readonly services?: readonly string[]
  readonly healthy?: boolean
  /** Of the Deployment, say; the pod's own name by default. */
  readonly workload?: string
  readonly target?: string
  readonly cluster?: string
  readonly network?: string
  readonly version?: string
  /** The name of the resource, where it is no pod. */
  readonly uid?: string
}

export function workload(namespace: string, name: string, options: WorkloadOptions = {}): Resource {
  const { addresses = [], services = [], healthy = true, target, cluster = 'Kubernetes', network, version, uid } = options
  const resource = uid ?? `Kubernetes//Pod/${namespace}/${name}`
  const of = options.workload ?? name
  const value = message(
    [1, name],
    [2, namespace],
    ...addresses.map(address => [3, octets(address)] as const),
    network !== undefined && [4, network],
    [7, 'default'],
    [9, 'node-1'],
    [10, of],
    [11, 'latest'],
    [12, 2],
    [13, of],
    !healthy && [17, 1],
    [18, cluster],
    [20, resource],
    target !== undefined && [21, target],
    ...services.map(service => [22, message([1, service], [2, message([1, message([1, 80], [2, 8080])])])] as const),
    [24, message([1, 'region-1'], [2, 'zone-1'])],
  )
  return { name: resource, value: message([1, value]), ...(version && { version }) }
}

export interface ServiceOptions {
  /** Each with its network before it, `west/10.96.0.1`, where it is of one, and the length of a range, `10.9.0.0#16`, behind it. */
  readonly vips?: readonly string[]
  readonly publishNotReady?: boolean
  readonly passthrough?: boolean
  /** Only its own namespace sees it. */
  readonly hidden?: boolean
  /** Of the namespaces that have the host, it is the first; true by default. */
  readonly canonical?: boolean
  /** `IPFamilies`. */
  readonly families?: number
  /** The host, where it is no Service of Kubernetes. */
  readonly host?: string
  readonly version?: string
}

export function wdsService(namespace: string, name: string, options: ServiceOptions = {}): Resource {
  const { vips = [], publishNotReady, passthrough, host = `${name}.${namespace}.svc.cluster.local`, version } = options
  const balancing = message(passthrough === true && [2, 3], publishNotReady === true && [3, 1])
  const value = message(
    [1, name],
    [2, namespace],
    [3, host],
    ...vips.map(vip => {
      const [, network = '', address = '', length] = /^(?:(.+)\/)?([^#]+)(?:#(\d+))?$/.exec(vip)!
      return [
        4,
        message(network !== '' && [1, network], [2, octets(address)], length !== undefined && [3, Number(length)]),
      ] as const
    }),
    balancing.length > 0 && [8, balancing],
    options.families !== undefined && [9, options.families],
    options.canonical !== false && [11, 1],
    options.hidden === true && [14, 1],
  )
  return { name: `${namespace}/${host}`, value: message([2, value]), ...(version && { version }) }
}

/** The name table. @param names by host: addresses, and for Services of Kubernetes their short name and namespace */
export function nameTable(
  names: Readonly<Record<string, readonly [addresses: readonly string[], shortname?: string, namespace?: string]>>,
): Resource {
  const entries = Object.entries(names).map(([host, [addresses, shortname, namespace]]) => {
    const info = message(
      ...addresses.map(address => [1, address] as const),
      [2, shortname === undefined ? 'External' : 'Kubernetes'],
      shortname !== undefined && [3, shortname],
      namespace !== undefined && [4, namespace],
    )
    return [1, message([1, host], [2, info])] as const
  })
  return { name: '', value: message(entries) }
}

const CLUSTER_TYPES = { dns: 1, eds: 3, passthrough: 4, dynamic: 0 } as const

/** A port of a host. @param listed endpoints in the cluster itself @param service what the host's Service is called, the host for a ServiceEntry */
export function cluster(
  port: number,
  host: string,
  type: keyof typeof CLUSTER_TYPES = 'eds',
  listed: readonly Endpoint[] = [],
  service?: string,
): Resource {
  const name = clusterName(port, host)
  return {
    name,
    value: message(
      [1, name],
      listed.length > 0 && [33, assignment(port, host, listed).value],
      service !== undefined && [
        25,
        writeMetadata('istio', 'services', message([6, message([1, message([5, struct({ host, name: service })])])])),
      ],
      CLUSTER_TYPES[type] > 0 && [2, CLUSTER_TYPES[type]],
    ),
  }
}

export const clusterName = (port: number, host: string): string => `outbound|${port}||${host}`

export interface Endpoint {
  readonly address: string
  readonly port?: number
  /** `HealthStatus`; 1, healthy, by default. */
  readonly health?: number
  /** The second address of a pod. */
  readonly additional?: string
  /** It is told as `envoy_internal_address`. */
  readonly internal?: boolean
  /** `NAME;NAMESPACE;…`, as istiod tells of which workload it is. */
  readonly workload?: string
  /** It takes mTLS. */
  readonly mutual?: boolean
}

export function assignment(port: number, host: string, endpoints: readonly Endpoint[]): Resource {
  const name = clusterName(port, host)
  return { name, value: message([1, name], [2, message(endpoints.map(endpoint => [2, writeEndpoint(endpoint)] as const))]) }
}

function writeEndpoint({
  address,
  port = 8080,
  health = 1,
  additional,
  internal,
  workload: told = 'pod;ns;app;;Kubernetes',
  mutual = false,
}: Endpoint): Buffer {
  const socket = (text: string) => message([1, message([2, text], [3, port])])
  const place = internal
    ? message([3, message([1, 'connect_originate'], [2, `${address.includes(':') ? `[${address}]` : address}:${port}`])])
    : socket(address)
  const endpoint = message([1, place], additional !== undefined && [4, message([1, socket(additional)])])
  const metadata = Buffer.concat([
    ...(mutual ? [writeMetadata('envoy.transport_socket_match', 'tlsMode', message([3, 'istio']))] : []),
    writeMetadata('istio', 'workload', message([3, told])),
  ])
  return message(health > 0 && [2, health], [3, metadata], [1, endpoint])
}

/** `google.protobuf.Struct` of texts. */
const struct = (texts: Readonly<Record<string, string>>): Buffer =>
  message(Object.entries(texts).map(([key, text]) => [1, message([1, key], [2, message([3, text])])] as const))

/** Metadata with one field. @param value a `google.protobuf.Value` */
const writeMetadata = (filter: string, field: string, value: Buffer): Buffer =>
  message([1, message([1, filter], [2, message([1, message([1, field], [2, value])])])])

export interface Response {
  readonly type: TypeName
  readonly nonce: string
  readonly resources?: readonly Resource[]
  readonly removed?: readonly string[]
}

export function writeResponse({ type, nonce, resources = [], removed = [] }: Response): Buffer {
  return message(
    [1, 'now/1'],
    resources.map(resource => [2, writeResource(TYPE_URLS[type], resource)] as const),
    [4, TYPE_URLS[type]],
    [5, nonce],
    removed.map(name => [6, name] as const),
  )
}

/** @param url of the type */
export const writeResource = (url: string, { name, value, version }: Resource): Buffer =>
  message(version !== undefined && [1, version], [2, message([1, url], [2, value])], [3, name])
