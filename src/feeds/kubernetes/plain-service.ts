import { numeric, ProtobufReader, sized } from '../../protobuf-reader.ts'
import { readIPv4 } from '../ipv4.ts'
import { isLabel } from '../label.ts'
import { Field } from '../objects/field.ts'
import { EXPORT_TO, readService } from '../objects/service.ts'
import { faultless } from './attempt.ts'
import type { Service } from './objects.ts'
import type { ProtobufObject } from './protobuf-object.ts'
import { messages, number, numberOrText, readShape, shape, text } from './shape.ts'
import { Shared } from './shared.ts'

const OBJECT = { spec: sized(2), status: sized(3) }
const SPEC = {
  ports: sized(1),
  selector: sized(2),
  type: sized(4),
  externalIPs: sized(5),
  publishNotReadyAddresses: numeric(13),
  clusterIPs: sized(18),
  ipFamilies: sized(19),
}
const STATUS = { loadBalancer: sized(1) }
const ENTRY = { key: sized(1), value: sized(2) }

export const SERVICE_PORTS = messages(
  1,
  'ports',
  shape(text(1, 'name'), text(2, 'protocol'), number(3, 'port'), numberOrText(4, 'targetPort')),
)

const PORTS = shape(SERVICE_PORTS)

const NONE: readonly never[] = []
/** By the `ipFamilies`, each with a space before it. */
const FAMILIES: ReadonlyMap<string, Service['families']> = new Map<string, Service['families']>([
  ['', NONE],
  [' IPv4', [4]],
  [' IPv6', [16]],
  [' IPv4 IPv6', [4, 16]],
  [' IPv6 IPv4', [16, 4]],
])
/** The annotation by which a Service says that the outside reaches it at its endpoints. */
export const RESOLVE_ENDPOINTS = 'k8s-gateway.dns/resolve-endpoints'

/** Ports, by their octets: the services of a cluster have few different ones. */
const shared = new Shared<Service['ports']>()
const vipOctets = Buffer.alloc(4)

/**
 * A Service as most are, with addresses of IPv4 and none that only the outside knows: read without an object for each of its parts.
 * @returns undefined for one that is not, or in which something is wrong
 */
export function plainService(item: ProtobufObject): Service | undefined {
  if (!isLabel(item.namespace) || !isLabel(item.name)) return undefined
  if (item.annotation(EXPORT_TO) !== undefined || item.annotation(RESOLVE_ENDPOINTS) !== undefined) return undefined
  const object = item.open()
  let spec: ProtobufReader | undefined
  for (let tag = object.next(); tag !== 0; tag = object.next()) {
    if (tag === OBJECT.spec) spec = object.within()
    else if (tag === OBJECT.status && !isBlank(object.within())) return undefined
    else if (tag !== OBJECT.status) object.skip(tag)
  }
  return spec && readSpec(spec, item)
}

function readSpec(spec: ProtobufReader, { namespace, name, version }: ProtobufObject): Service | undefined {
  let start = 0
  let end = 0
  let headless = false
  let publishNotReady = false
  let families = ''
  let vips: readonly string[] = NONE
  const selector: string[] = []
  for (let at = spec.at, tag = spec.next(); tag !== 0; at = spec.at, tag = spec.next()) {
    if (tag === SPEC.clusterIPs) {
      const vip = readVip(spec)
      // One that is headless has that for its only address.
      if (vip === undefined || headless || (vip === 'None' && vips.length > 0)) return undefined
      if (vip === 'None') headless = true
      else vips = [...vips, vip]
    } else if (tag === SPEC.selector) readEntry(spec.within(), selector)
    else if (tag === SPEC.publishNotReadyAddresses) publishNotReady = spec.number() !== 0
    else if (tag === SPEC.ipFamilies) families += ` ${spec.text()}`
    else if (tag === SPEC.externalIPs || (tag === SPEC.type && spec.text() === 'ExternalName')) return undefined
    else if (tag !== SPEC.type) spec.skip(tag)
    // Ports stand side by side.
    if (tag !== SPEC.ports) continue
    if (end !== at) start = at
    end = spec.at
  }
  const sizes = FAMILIES.get(families)
  const octets = spec.bytes.toString('latin1', start, end)
  const ports = shared.get(octets) ?? shared.add(octets, readPorts(new ProtobufReader(spec.bytes, start, end)))
  if (!sizes || !ports || (vips.length === 0 && !headless)) return undefined
  return {
    kind: 'Service',
    namespace,
    name,
    vips,
    ports,
    selector: selector.length > 0 ? selector : NONE,
    families: sizes,
    publishNotReady,
    alias: undefined,
    exportTo: undefined,
    headless,
    external: NONE,
    outside: undefined,
    version,
  }
}

/** @returns `None` for a service that has none on purpose; undefined for what is no address of IPv4 */
function readVip(spec: ProtobufReader): string | undefined {
  const outer = spec.enter()
  const vip = readIPv4(spec.bytes, spec.at, spec.end, vipOctets, 0)
    ? vipOctets.toString('latin1')
    : spec.bytes.toString('latin1', spec.at, spec.end) === 'None'
      ? 'None'
      : undefined
  spec.leave(outer)
  return vip
}

function readEntry(entry: ProtobufReader, selector: string[]): void {
  let key = ''
  let value = ''
  for (let tag = entry.next(); tag !== 0; tag = entry.next()) {
    if (tag === ENTRY.key) key = entry.text()
    else if (tag === ENTRY.value) value = entry.text()
    else entry.skip(tag)
  }
  selector.push(key, value)
}

const readPorts = (reader: ProtobufReader): Service['ports'] | undefined =>
  faultless(skip => readService(new Field({ metadata: { name: 'any' }, spec: readShape(reader, PORTS) }), skip).ports)

/** A `ServiceStatus` that tells of no load balancer. */
function isBlank(status: ProtobufReader): boolean {
  for (let tag = status.next(); tag !== 0; tag = status.next()) {
    if (tag === STATUS.loadBalancer && status.within().next() !== 0) return false
    if (tag !== STATUS.loadBalancer) status.skip(tag)
  }
  return true
}
