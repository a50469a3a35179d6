import { numeric, type ProtobufReader, sized } from '../../protobuf-reader.ts'
import { readIPv4 } from '../ipv4.ts'
import { isLabel } from '../label.ts'
import type { Pod } from './objects.ts'
import type { ProtobufObject } from './protobuf-object.ts'
import { Shared } from './shared.ts'

const OBJECT = { metadata: sized(1), spec: sized(2), status: sized(3) }
const METADATA = { deletionTimestamp: sized(9) }
const SPEC = { hostNetwork: numeric(11) }
const STATUS = { podIP: sized(6), podIPs: sized(12) }
const POD_IP = { ip: sized(1) }

const NONE: ReadonlyMap<string, never> = new Map<string, never>()
/** Namespaces, of which Pods have few different ones. */
const shared = new Shared<string>()
const octets = Buffer.alloc(4)

/**
 * Where a Pod is, as most are, at one address of IPv4: read without an object for each of its parts.
 * @returns undefined for one that is not, or in which something is wrong
 */
export function plainPod(item: ProtobufObject): Pod | undefined {
  const { name, version } = item
  if (!isLabel(item.namespace) || name === '') return undefined
  let terminating = false
  let hostNetwork = false
  let addresses: readonly string[] | undefined
  const object = item.open()
  for (let tag = object.next(); tag !== 0; tag = object.next()) {
    if (tag === OBJECT.metadata) terminating = has(object.within(), METADATA.deletionTimestamp)
    else if (tag === OBJECT.spec) hostNetwork = isSet(object.within(), SPEC.hostNetwork)
    else if (tag === OBJECT.status) addresses = readAddresses(object.within())
    else object.skip(tag)
  }
  if (!addresses) return undefined
  const namespace = shared.get(item.namespace) ?? shared.add(item.namespace, item.namespace)!
  return {
    kind: 'Pod',
    namespace,
    name,
    labels: NONE,
    addresses,
    ready: false,
    terminating,
    hostNetwork,
    hostname: '',
    subdomain: '',
    ports: NONE,
    version,
  }
}

function has(message: ProtobufReader, wanted: number): boolean {
  for (let tag = message.next(); tag !== 0; tag = message.next()) {
    if (tag === wanted) return true
    message.skip(tag)
  }
  return false
}

function isSet(message: ProtobufReader, wanted: number): boolean {
  let value = false
  for (let tag = message.next(); tag !== 0; tag = message.next()) {
    if (tag === wanted) value = message.number() !== 0
    else message.skip(tag)
  }
  return value
}

/** @returns undefined for what is not one address of IPv4, said in both places or in the older one */
function readAddresses(status: ProtobufReader): readonly string[] | undefined {
  let first: string | undefined
  let only: string | undefined
  for (let tag = status.next(); tag !== 0; tag = status.next()) {
    if (tag === STATUS.podIP) first = readAddress(status)
    else if (tag === STATUS.podIPs) {
      if (only !== undefined) return undefined
      const outer = status.enter()
      if (status.next() !== POD_IP.ip) return undefined
      only = readAddress(status)
      status.leave(outer)
      if (only === undefined) return undefined
    } else status.skip(tag)
  }
  const address = only ?? first
  return address === undefined ? undefined : [address]
}

function readAddress(status: ProtobufReader): string | undefined {
  const outer = status.enter()
  const address = readIPv4(status.bytes, status.at, status.end, octets, 0) ? octets.toString('latin1') : undefined
  status.leave(outer)
  return address
}
