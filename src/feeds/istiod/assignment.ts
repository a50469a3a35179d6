/** `envoy.config.endpoint.v3.ClusterLoadAssignment`: the endpoints of one port of a host. */
import { numeric, ProtobufReader, sized } from '../../protobuf-reader.ts'
import { hostKey } from './host-name.ts'
import { isMutual, workloadOf } from './metadata.ts'
import { Octets } from './octets.ts'

const ASSIGNMENT = { endpoints: sized(2) }
const LOCALITY = { endpoints: sized(2) }
const LB_ENDPOINT = { endpoint: sized(1), health: numeric(2), metadata: sized(3) }
const ENDPOINT = { address: sized(1), additional: sized(4) }
const ADDITIONAL = { address: sized(1) }
const ADDRESS = { socket: sized(1), internal: sized(3) }
const SOCKET = { address: sized(2), port: numeric(3) }
const INTERNAL = { id: sized(2) }

const EMPTY = new ProtobufReader(Buffer.alloc(0))

/** `HealthStatus`: what ServiceEntries list is of unknown health, and usable. */
const UNKNOWN = 0
const HEALTHY = 1

/** Where the gateways between networks take connections, for endpoints that cannot be reached directly, if nothing else is said. */
const GATEWAY_PORT = 15443

/** Octets, one address behind the other. */
export interface Addresses {
  readonly ipv4: string
  readonly ipv6: string
}

/** The usable endpoints. */
export interface Assignment extends Addresses {
  /** Those of the cluster that is told apart. */
  readonly own: Addresses
  /** Keys of endpoints that are names. */
  readonly targets: readonly string[]
  /** Whether gateways were left out that stand for endpoints of other networks. */
  readonly gateways: boolean
}

/** Told of an endpoint that is left out. */
type Skip = (problem: string) => void

/** There is one assignment at a time. */
const [others, own] = [new Octets(), new Octets()]
/** Which of them the present endpoint belongs to. */
let octets = others
let targets: string[] = []
let gateways = false

/** What is read of assignments. */
interface Reading {
  /** Only endpoints that are known to be healthy, which those that a ServiceEntry lists are not. */
  readonly selected: boolean
  /** The cluster that is told apart. */
  readonly apart: string | undefined
}

/** @throws {Malformed} */
export function readAssignment(reader: ProtobufReader, reading: Reading, skip: Skip): Assignment {
  others.take()
  own.take()
  targets = []
  gateways = false
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag !== ASSIGNMENT.endpoints) {
      reader.skip(tag)
      continue
    }
    const outer = reader.enter()
    for (let part = reader.next(); part !== 0; part = reader.next()) {
      if (part === LOCALITY.endpoints) readEndpoint(reader, reading, skip)
      else reader.skip(part)
    }
    reader.leave(outer)
  }
  return { ...others.take(), own: own.take(), targets, gateways }
}

function readEndpoint(reader: ProtobufReader, { selected, apart }: Reading, skip: Skip): void {
  let [health, endpoint, metadata]: [number, number, number] = [UNKNOWN, -1, -1]
  const outer = reader.enter()
  const { end } = reader
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === LB_ENDPOINT.health) {
      health = reader.number()
      continue
    }
    if (tag === LB_ENDPOINT.endpoint) endpoint = reader.at
    else if (tag === LB_ENDPOINT.metadata) metadata = reader.at
    reader.skip(tag)
  }
  if (endpoint >= 0 && (health === HEALTHY || (health === UNKNOWN && !selected))) {
    const about = () => (metadata < 0 ? EMPTY : new ProtobufReader(reader.bytes, metadata, end).within())
    octets = apart !== undefined && workloadOf(about()).endsWith(`;${apart}`) ? own : others
    // Of pods and endpoint slices, the health is known.
    const isGateway = (port: number) => health === UNKNOWN && isGatewayOf(about, port)
    readAddresses(new ProtobufReader(reader.bytes, endpoint, end).within(), isGateway, skip)
  }
  reader.leave(outer)
}

/**
 * A gateway stands for many workloads, over mTLS: it is not told which ones, or of which namespace, app or version. Before Istio 1.30, no namespace is
 * told of what a ServiceEntry lists, either. Some istiods tell it of no endpoint.
 */
function isGatewayOf(about: () => ProtobufReader, port: number): boolean {
  if (!isMutual(about())) return false
  const workload = workloadOf(about())
  return workload === '' ? port === GATEWAY_PORT : workload.startsWith(';;;;')
}

/** Whether something that listens on a port is no endpoint, but a gateway to some. */
type IsGateway = (port: number) => boolean

function readAddresses(reader: ProtobufReader, isGateway: IsGateway, skip: Skip): void {
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === ENDPOINT.address) readAddress(reader.within(), isGateway, skip)
    else if (tag === ENDPOINT.additional) {
      const additional = reader.within()
      for (let part = additional.next(); part !== 0; part = additional.next()) {
        if (part === ADDITIONAL.address) readAddress(additional.within(), isGateway, skip)
        else additional.skip(part)
      }
    } else reader.skip(tag)
  }
}

function readAddress(reader: ProtobufReader, isGateway: IsGateway, skip: Skip): void {
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === ADDRESS.socket) readSocket(reader.within(), isGateway, skip)
    else if (tag === ADDRESS.internal) readInternal(reader.within(), skip)
    else reader.skip(tag)
  }
}

function readSocket(reader: ProtobufReader, isGateway: IsGateway, skip: Skip): void {
  let [start, end, port] = [0, 0, 0]
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === SOCKET.address) {
      const outer = reader.enter()
      start = reader.at
      end = reader.end
      reader.leave(outer)
    } else if (tag === SOCKET.port) port = reader.number()
    else reader.skip(tag)
  }
  if (isGateway(port)) gateways = true
  else add(reader.bytes, start, end, skip)
}

/** A pod in ambient: `envoy_internal_address`, whose id is `ADDRESS:PORT`. */
function readInternal(reader: ProtobufReader, skip: Skip): void {
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag !== INTERNAL.id) {
      reader.skip(tag)
      continue
    }
    const [, address = ''] = /^\[?(.*?)\]?:\d+$/.exec(reader.text()) ?? []
    const text = Buffer.from(address)
    add(text, 0, text.length, skip)
  }
}

function add(bytes: Buffer, start: number, end: number, skip: Skip): void {
  // A workload without an address is reached through the gateway of its network only.
  if (start === end || octets.add(bytes, start, end)) return
  try {
    targets.push(hostKey(bytes.toString('latin1', start, end)))
  } catch (error) {
    skip((error as Error).message)
  }
}
