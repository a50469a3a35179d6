/** Objects to put into an API server, as JSON has them. */

export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata?: {
    readonly name: string
    readonly namespace?: string
    readonly resourceVersion?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly [more: string]: unknown
  }
  readonly [more: string]: unknown
}

type Metadata = Partial<NonNullable<KubeObject['metadata']>>

export const namespace = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })

/** A Service of the namespace `default` with a port `http`. @param spec what differs */
export const service = (name: string, spec: object = {}, metadata: Metadata = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default', ...metadata },
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.96.0.10',
    clusterIPs: ['10.96.0.10'],
    ipFamilies: ['IPv4'],
    ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }],
    ...spec,
  },
})

/** A slice of the Service `name`, called `name-1`, with one ready endpoint for each address. @param slice what differs */
export const endpointSlice = (
  name: string,
  addresses: readonly string[],
  slice: object = {},
  metadata: Metadata = {},
): KubeObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${name}-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': name }, ...metadata },
  addressType: 'IPv4',
  ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
  endpoints: addresses.map(address => ({ addresses: [address], conditions: { ready: true } })),
  ...slice,
})

export const pod = (name: string, status: object, spec: object = {}, metadata: Metadata = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', ...metadata },
  spec: { containers: [{ name: 'main', image: 'main' }], ...spec },
  status,
})

export const serviceEntry = (name: string, spec: object): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'ServiceEntry',
  metadata: { name, namespace: 'default' },
  spec,
})

export const workloadEntry = (name: string, spec: object): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'WorkloadEntry',
  metadata: { name, namespace: 'default' },
  spec,
})

export const serviceImport = (name: string, spec: object): KubeObject => ({
  apiVersion: 'multicluster.x-k8s.io/v1alpha1',
  kind: 'ServiceImport',
  metadata: { name, namespace: 'default' },
  spec,
})

const PLURALS: Readonly<Record<string, string>> = {
  Namespace: 'namespaces',
  Service: 'services',
  Pod: 'pods',
  EndpointSlice: 'endpointslices',
  ServiceEntry: 'serviceentries',
  WorkloadEntry: 'workloadentries',
  ServiceImport: 'serviceimports',
  CustomResourceDefinition: 'customresourcedefinitions',
  Ingress: 'ingresses',
  Node: 'nodes',
  Gateway: 'gateways',
  ListenerSet: 'listenersets',
  HTTPRoute: 'httproutes',
  TLSRoute: 'tlsroutes',
  GRPCRoute: 'grpcroutes',
  VirtualService: 'virtualservices',
  DNSEndpoint: 'dnsendpoints',
}

/** The path that lists the objects of a kind in all namespaces. */
export const listPath = ({ apiVersion, kind }: KubeObject): string =>
  `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}/${PLURALS[kind]}`

/** The path of the kind in the object's own namespace. */
export function collectionPath(object: KubeObject): string {
  const path = listPath(object)
  const { namespace: own } = object.metadata ?? {}
  return own === undefined ? path : path.replace(/\/(\w+)$/, `/namespaces/${own}/$1`)
}

/** A definition for {@link listPath} to be served. */
export const definition = (kind: string, group: string, version: string): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${PLURALS[kind]}.${group}`, annotations: { 'api-approved.kubernetes.io': 'unapproved, for a test' } },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind, listKind: `${kind}List`, plural: PLURALS[kind], singular: kind.toLowerCase() },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
})
