/** `istio.workload.Address`: a workload or a service, cut down to what names and addresses depend on. */

import { Malformed, numeric, type ProtobufReader, sized } from '../../protobuf-reader.ts'
import { isLabel } from '../label.ts'
import { domainOfService, hostKey, isSuffix } from './host-name.ts'

const ADDRESS = { workload: sized(1), service: sized(2) }
const WORKLOAD = {
  name: sized(1),
  addresses: sized(3),
  network: sized(4),
  workloadName: sized(13),
  status: numeric(17),
  cluster: sized(18),
  hostname: sized(21),
  services: sized(22),
}
const SERVICE = {
  name: sized(1),
  namespace: sized(2),
  hostname: sized(3),
  addresses: sized(4),
  loadBalancing: sized(8),
  families: numeric(9),
  canonical: numeric(11),
  visibility: numeric(14),
}
const NETWORK_ADDRESS = { network: sized(1), address: sized(2), length: numeric(3) }
const LOAD_BALANCING = { mode: numeric(2), healthPolicy: numeric(3) }
const ENTRY = { key: sized(1) }
const PASSTHROUGH = 3
const NAMESPACE_ONLY = 1
/** `IPFamilies`, and the address sizes that each stands for; of 0, all that there are. */
const FAMILIES: readonly (readonly (4 | 16)[])[] = [[], [4], [16], [4, 16]]

/** Where something answers. */
export interface Workload {
  readonly kind: 'Workload'
  version: string
  /** Octets, one address behind the other. */
  readonly ipv4: string
  readonly ipv6: string
  /** The name that the DNS knows its addresses of; `''` where they are known. */
  readonly target: string
  /** What a headless service calls it; `''` where that is not known. */
  readonly hostname: string
  /** Names of resources that it belongs to: `NAMESPACE/HOST`. */
  readonly services: readonly string[]
  readonly healthy: boolean
  /** It may have addresses of families that its services do not have. */
  readonly pod: boolean
  /** It is listed in the ServiceEntry itself. */
  readonly listed: boolean
  /** It is of the cluster that is told apart. */
  readonly own: boolean
}

export interface Service {
  readonly kind: 'Service'
  version: string
  readonly namespace: string
  /** A key, relative for a Service of Kubernetes. */
  readonly host: string
  readonly ofKubernetes: boolean
  readonly vips: readonly string[]
  /** It has no virtual address in any network. */
  readonly headless: boolean
  /** Address sizes of its pods. */
  readonly families: readonly (4 | 16)[]
  /** A ServiceEntry with resolution NONE. */
  readonly passthrough: boolean
  /** Endpoints that are not ready count, too. */
  readonly unready: boolean
  /** Of the namespaces that have the host, it is the one that counts for those that do not. */
  readonly canonical: boolean
  /** Only its own namespace sees it, as MeshConfig has it; what a ServiceEntry says of itself is not told. */
  readonly hidden: boolean
}

const EMPTY: readonly string[] = []

/** How workloads are read. */
export interface Scope {
  /** Those of other networks are out of reach; undefined where there is one network only. */
  readonly network: string | undefined
  /** The cluster that is told apart. */
  readonly apart: string | undefined
  /** Lists of services that workloads have in common, each held once. */
  readonly interned: Map<string, readonly string[]>
}

/** @param name of the resource @returns undefined for what is out of reach, or has no name @throws {Error} it is of no use */
export function readAddress(name: string, version: string, reader: ProtobufReader, scope: Scope): Workload | Service | undefined {
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag !== ADDRESS.workload && tag !== ADDRESS.service) {
      reader.skip(tag)
      continue
    }
    reader.enter()
    return tag === ADDRESS.workload ? readWorkload(name, version, reader, scope) : readService(version, reader, scope)
  }
  throw new Malformed('neither a workload nor a service')
}

/** What has no network is in all of them. */
const isInReach = (network: string, scope: Scope): boolean =>
  scope.network === undefined || network === '' || network === scope.network

function readWorkload(resource: string, version: string, reader: ProtobufReader, scope: Scope): Workload | undefined {
  let [name, workloadName, target, ipv4, ipv6, network, healthy, own] = ['', '', '', '', '', '', true, false]
  let services = EMPTY
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === WORKLOAD.name) name = reader.text()
    else if (tag === WORKLOAD.addresses) {
      const address = readOctets(reader)
      if (address.length === 4) ipv4 += address
      else ipv6 += address
    } else if (tag === WORKLOAD.network && scope.network !== undefined) network = reader.text()
    else if (tag === WORKLOAD.cluster && scope.apart !== undefined) own = reader.matches(scope.apart)
    else if (tag === WORKLOAD.workloadName) workloadName = reader.text()
    else if (tag === WORKLOAD.status) healthy = reader.number() === 0
    else if (tag === WORKLOAD.hostname) target = hostKey(reader.text())
    else if (tag === WORKLOAD.services) services = [...services, readKey(reader)]
    else reader.skip(tag)
  }
  if (!isInReach(network, scope)) return undefined
  const [, , kind] = resource.split('/', 3)
  return {
    kind: 'Workload',
    version,
    ipv4,
    ipv6,
    target,
    hostname: kind === 'Pod' && isNamed(name, workloadName) ? name : '',
    services: intern(services, scope.interned),
    healthy,
    pod: kind === 'Pod',
    listed: kind === 'ServiceEntry',
    own,
  }
}

/**
 * Whether a headless service calls the pod by its name. WDS does not tell of a pod's `subdomain`; those of a StatefulSet have one, and so
 * may those that nobody made.
 */
const isNamed = (pod: string, workload: string): boolean =>
  isLabel(pod) && (pod === workload || (pod.startsWith(`${workload}-`) && /^\d+$/.test(pod.slice(workload.length + 1))))

function intern(services: readonly string[], interned: Scope['interned']): readonly string[] {
  if (services.length === 0) return EMPTY
  const key = services.join('\n')
  const held = interned.get(key)
  if (held) return held
  interned.set(key, services)
  return services
}

function readService(version: string, reader: ProtobufReader, scope: Scope): Service | undefined {
  let [name, namespace, hostname, passthrough, unready, families] = ['', '', '', false, false, 0]
  let [canonical, hidden] = [false, false]
  const vips: string[] = []
  let headless = true
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === SERVICE.name) name = reader.text()
    else if (tag === SERVICE.namespace) namespace = reader.text()
    else if (tag === SERVICE.hostname) hostname = reader.text()
    else if (tag === SERVICE.families) families = reader.number()
    else if (tag === SERVICE.canonical) canonical = reader.number() !== 0
    else if (tag === SERVICE.visibility) hidden = reader.number() === NAMESPACE_ONLY
    else if (tag === SERVICE.addresses) {
      headless = false
      const vip = readVip(reader, scope)
      if (vip !== undefined) vips.push(vip)
    } else if (tag === SERVICE.loadBalancing) {
      const outer = reader.enter()
      for (let part = reader.next(); part !== 0; part = reader.next()) {
        if (part === LOAD_BALANCING.mode) passthrough = reader.number() === PASSTHROUGH
        else if (part === LOAD_BALANCING.healthPolicy) unready = reader.number() === 1
        else reader.skip(part)
      }
      reader.leave(outer)
    } else reader.skip(tag)
  }
  if (isSuffix(hostname)) return undefined
  const host = hostKey(hostname)
  const domain = domainOfService(hostname, name, namespace)
  return {
    kind: 'Service',
    version,
    namespace,
    host: domain === undefined ? host : host.slice(0, -hostKey(domain).length),
    ofKubernetes: domain !== undefined,
    vips,
    headless,
    families: familiesOf(FAMILIES[families] ?? [], domain === undefined ? [] : vips),
    passthrough,
    // Of NONE, istiod says so without meaning it.
    unready: unready && !passthrough,
    canonical,
    hidden,
  }
}

/** What is said, else the families of a Service's virtual addresses, else both. */
function familiesOf(said: readonly (4 | 16)[], vips: readonly string[]): readonly (4 | 16)[] {
  if (said.length > 0) return said
  const of = ([4, 16] as const).filter(size => vips.some(vip => vip.length === size))
  return of.length > 0 ? of : [4, 16]
}

/** @returns undefined for a range of several addresses, and for what is out of reach */
function readVip(reader: ProtobufReader, scope: Scope): string | undefined {
  let [network, address, length]: [string, string, number | undefined] = ['', '', undefined]
  const outer = reader.enter()
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === NETWORK_ADDRESS.network) network = reader.text()
    else if (tag === NETWORK_ADDRESS.address) address = readOctets(reader)
    else if (tag === NETWORK_ADDRESS.length) length = reader.number()
    else reader.skip(tag)
  }
  reader.leave(outer)
  if (!isInReach(network, scope)) return undefined
  return length === undefined || length === 8 * address.length ? address : undefined
}

function readOctets(reader: ProtobufReader): string {
  const outer = reader.enter()
  const size = reader.end - reader.at
  if (size !== 4 && size !== 16) throw new Malformed(`an address of ${size} octets`)
  const octets = reader.bytes.toString('latin1', reader.at, reader.end)
  reader.leave(outer)
  return octets
}

/** The key of an entry of a map. */
function readKey(reader: ProtobufReader): string {
  let key = ''
  const outer = reader.enter()
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === ENTRY.key) key = reader.text()
    else reader.skip(tag)
  }
  reader.leave(outer)
  return key
}
