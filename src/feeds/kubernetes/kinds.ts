/** The kinds of objects that are watched: where the API has them, which of them are asked for, and how each is read. */
import type { Field } from '../objects/field.ts'
import { readNamespace, readPod, readPodPlace } from '../objects/pod.ts'
import { readServiceEntry, readWorkloadEntry } from '../objects/service-entry.ts'
import type { Details } from './columns.ts'
import { readDnsEndpoint } from './dns-endpoint.ts'
import { SERVICE_NAME, sliceFromJson, sliceFromProtobuf } from './endpoint-slice.ts'
import { readGateway, readListenerSet, readRoute } from './gateway.ts'
import { INGRESS, readIngress } from './ingress.ts'
import { readIstioGateway, readVirtualService } from './istio-gateway.ts'
import type { Kind } from './kind.ts'
import { META } from './meta.ts'
import { NODE, readNode } from './node.ts'
import type { EndpointSlice, ImportedSlice, KindName, Route } from './objects.ts'
import { plainPod } from './plain-pod.ts'
import { readClusterService, serviceFromProtobuf } from './service.ts'
import { readServiceImport } from './service-import.ts'
import { message, messages, number, shape, text, truth } from './shape.ts'

/** Label selectors as the API takes them; `''` selects everything. */
export interface Selectors {
  /** Of Services, EndpointSlices and Pods. */
  readonly labels: string
  /** Of Namespaces, and, as CoreDNS has it, ServiceImports. */
  readonly namespaceLabels: string
}

const IMPORT_NAME = 'multicluster.kubernetes.io/service-name'
const SOURCE_CLUSTER = 'multicluster.kubernetes.io/source-cluster'

const SLICES = { resource: 'endpointslices.discovery.k8s.io', path: '/apis/discovery.k8s.io/v1/endpointslices' }

const GATEWAY_API = 'gateway.networking.k8s.io/v1'

const ROUTES: readonly (readonly [Route['kind'], string])[] = [
  ['HTTPRoute', 'httproutes'],
  ['TLSRoute', 'tlsroutes'],
  ['GRPCRoute', 'grpcroutes'],
]

const POD_IPS = [text(6, 'podIP'), messages(12, 'podIPs', shape(text(1, 'ip')))] as const

/** Where a Pod is. */
const POD = shape(
  message(1, 'metadata', shape(text(1, 'name'), text(3, 'namespace'), message(9, 'deletionTimestamp', shape()))),
  message(2, 'spec', shape(truth(11, 'hostNetwork'))),
  message(3, 'status', shape(...POD_IPS)),
)

/** The same, and what makes it an endpoint. */
const WORKLOAD = shape(
  message(1, 'metadata', META),
  message(
    2,
    'spec',
    shape(
      truth(11, 'hostNetwork'),
      messages(2, 'containers', shape(messages(6, 'ports', shape(text(1, 'name'), number(3, 'containerPort'))))),
      text(16, 'hostname'),
      text(17, 'subdomain'),
    ),
  ),
  message(3, 'status', shape(messages(2, 'conditions', shape(text(1, 'type'), text(2, 'status'))), ...POD_IPS)),
)

/** @param details what more is kept */
export function kindsOf({ labels, namespaceLabels }: Selectors, details: Details): ReadonlyMap<KindName, Kind> {
  const { pods, zones, workloads } = details
  const kinds: Kind[] = [
    {
      ...everything,
      name: 'Service',
      resource: 'services',
      path: '/api/v1/services',
      labelSelector: labels,
      read: readClusterService,
      fromProtobuf: serviceFromProtobuf,
    },
    {
      ...everything,
      name: 'EndpointSlice',
      ...SLICES,
      labelSelector: and(labels, SERVICE_NAME),
      details: { pods, zones },
      read: (root, skip) => sliceFromJson(root, details, skip),
      fromProtobuf: (item, skip) => sliceFromProtobuf(item, details, skip),
    },
    {
      ...everything,
      name: 'ImportedSlice',
      ...SLICES,
      labelSelector: and(labels, IMPORT_NAME),
      details: { pods, zones },
      read: (root, skip) => imported(sliceFromJson(root, details, skip), root.at('metadata')),
      fromProtobuf: (item, skip) => imported(sliceFromProtobuf(item, details, skip), item.metadata()),
    },
    {
      ...everything,
      name: 'Namespace',
      resource: 'namespaces',
      path: '/api/v1/namespaces',
      labelSelector: namespaceLabels,
      read: readNamespace,
      shape: shape(message(1, 'metadata', META)),
    },
    {
      name: 'Pod',
      resource: 'pods',
      path: '/api/v1/pods',
      labelSelector: labels,
      fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed,status.phase!=Unknown',
      details: { workloads },
      read: workloads ? readPod : readPodPlace,
      shape: workloads ? WORKLOAD : POD,
      plain: workloads ? undefined : plainPod,
    },
    custom('ServiceEntry', 'networking.istio.io/v1', 'serviceentries', readServiceEntry),
    custom('WorkloadEntry', 'networking.istio.io/v1', 'workloadentries', readWorkloadEntry),
    {
      ...custom('ServiceImport', 'multicluster.x-k8s.io/v1alpha1', 'serviceimports', readServiceImport),
      labelSelector: namespaceLabels,
    },
    {
      ...everything,
      name: 'Ingress',
      resource: 'ingresses.networking.k8s.io',
      path: '/apis/networking.k8s.io/v1/ingresses',
      read: readIngress,
      shape: INGRESS,
    },
    { ...everything, name: 'Node', resource: 'nodes', path: '/api/v1/nodes', read: readNode, shape: NODE },
    custom('Gateway', GATEWAY_API, 'gateways', readGateway),
    custom('ListenerSet', GATEWAY_API, 'listenersets', readListenerSet),
    ...ROUTES.map(([name, plural]) => custom(name, GATEWAY_API, plural, (root, skip) => readRoute(name, root, skip))),
    custom('IstioGateway', 'networking.istio.io/v1', 'gateways', readIstioGateway),
    custom('VirtualService', 'networking.istio.io/v1', 'virtualservices', readVirtualService),
    custom('DNSEndpoint', 'externaldns.k8s.io/v1alpha1', 'dnsendpoints', readDnsEndpoint),
  ]
  return new Map(kinds.map(kind => [kind.name, kind]))
}

const everything = { labelSelector: '', fieldSelector: '', details: {} }

/** @param version `GROUP/VERSION` */
function custom(name: KindName, version: string, plural: string, read: Kind['read']): Kind {
  const definition = `${plural}.${version.split('/')[0]}`
  return { ...everything, name, resource: definition, path: `/apis/${version}/${plural}`, definition, read }
}

const imported = (slice: EndpointSlice | undefined, metadata: Field): ImportedSlice | undefined =>
  slice && {
    ...slice,
    kind: 'ImportedSlice',
    service: metadata.at('labels', IMPORT_NAME).text(),
    cluster: metadata.at('labels', SOURCE_CLUSTER).text(''),
  }

const and = (...selectors: string[]): string => selectors.filter(selector => selector !== '').join()
