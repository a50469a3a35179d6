/**
 * EndpointSlices (discovery.k8s.io/v1). Endpoints are the mass of what a cluster tells, so out of Protocol Buffers they are read without
 * an object for each, and their addresses go from digits to octets without becoming text.
 */

import { numeric, ProtobufReader, sized } from '../../protobuf-reader.ts'
import type { Port } from '../../registry/record.ts'
import { isLabel } from '../label.ts'
import { Field, type Skip } from '../objects/field.ts'
import type * as mesh from '../objects/mesh-objects.ts'
import { readEndpointSlice } from '../objects/service.ts'
import { attempt, faultless } from './attempt.ts'
import { Columns, type Details } from './columns.ts'
import { META } from './meta.ts'
import type { EndpointSlice } from './objects.ts'
import type { ProtobufObject } from './protobuf-object.ts'
import { message, messages, number, readShape, shape, text } from './shape.ts'
import { Shared } from './shared.ts'

/** All but the endpoints. */
const SLICE = shape(
  message(1, 'metadata', META),
  messages(3, 'ports', shape(text(1, 'name'), text(2, 'protocol'), number(3, 'port'))),
  text(4, 'addressType'),
)
/** The label that names a slice's Service. */
export const SERVICE_NAME = 'kubernetes.io/service-name'

const ENDPOINTS = sized(2)
const ENDPOINT = {
  addresses: sized(1),
  conditions: sized(2),
  hostname: sized(3),
  targetRef: sized(4),
  zone: sized(7),
}
const CONDITIONS = { ready: numeric(1) }
const TARGET_REF = { name: sized(3) }

const PORTS = sized(3)
const ADDRESS_TYPE = sized(4)

/** Ports, by their octets: the slices of a cluster have few different ones. */
const shared = new Shared<readonly Port[]>()

export function sliceFromProtobuf(item: ProtobufObject, details: Details, skip: Skip): EndpointSlice | undefined {
  const slice = readHead(item, skip)
  if (!slice) return undefined
  const columns = new Columns(slice.group.size, details)
  const reader = item.open()
  let i = 0
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag !== ENDPOINTS) {
      reader.skip(tag)
      continue
    }
    const outer = reader.enter()
    readEndpoint(reader, i++, slice.group.size, columns, skip)
    reader.leave(outer)
  }
  return columns.finish(slice, item.version)
}

/** All but the endpoints: at once where it is as it always is, else with care. */
function readHead(item: ProtobufObject, skip: Skip): mesh.EndpointSlice | undefined {
  const reader = item.open()
  let size: 4 | 16 | undefined
  let start = 0
  let end = 0
  for (let at = reader.at, tag = reader.next(); tag !== 0; at = reader.at, tag = reader.next()) {
    if (tag === ADDRESS_TYPE) size = SIZES.get(reader.text('IPv4'))
    else reader.skip(tag)
    // Ports stand side by side.
    if (tag !== PORTS) continue
    if (end !== at) start = at
    end = reader.at
  }
  const { namespace, name } = item
  if (size && isLabel(namespace) && name !== '') {
    const octets = reader.bytes.toString('latin1', start, end)
    const ports = shared.get(octets) ?? shared.add(octets, readPorts(new ProtobufReader(reader.bytes, start, end)))
    if (ports)
      return { kind: 'EndpointSlice', namespace, name, service: item.label(SERVICE_NAME), group: { ports, size, addresses: '' } }
  }
  return readEndpointSlice(new Field(readShape(item.open(), SLICE)), skip)
}

const readPorts = (reader: ProtobufReader): readonly Port[] | undefined =>
  faultless(skip => readEndpointSlice(new Field({ ...ANY, addressType: 'IPv4', ...readShape(reader, SLICE) }), skip)?.group.ports)

/** For what is read as a part of an object. */
const ANY = { metadata: { name: 'any' } }

const SIZES: ReadonlyMap<string, 4 | 16> = new Map([
  ['IPv4', 4],
  ['IPv6', 16],
])

function readEndpoint(reader: ProtobufReader, index: number, size: 4 | 16, columns: Columns, skip: Skip): void {
  let ready = true
  let hostname = ''
  let pod = ''
  let zone = ''
  let i = 0
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === ENDPOINT.addresses) {
      const outer = reader.enter()
      if (size === 16 || !columns.digits(reader.bytes, reader.at, reader.end)) {
        const text = new Field(reader.bytes.toString('utf8', reader.at, reader.end), ['endpoints', index, 'addresses', i])
        readAddress(text, size, columns, skip)
      }
      reader.leave(outer)
      i++
    } else if (tag === ENDPOINT.conditions) {
      const outer = reader.enter()
      for (let part = reader.next(); part !== 0; part = reader.next()) {
        if (part === CONDITIONS.ready) ready = reader.number() !== 0
        else reader.skip(part)
      }
      reader.leave(outer)
    } else if (tag === ENDPOINT.hostname) hostname = reader.text()
    else if (tag === ENDPOINT.targetRef && columns.details.pods) {
      const ref = reader.within()
      for (let part = ref.next(); part !== 0; part = ref.next()) {
        if (part === TARGET_REF.name) pod = ref.text()
        else ref.skip(part)
      }
    } else if (tag === ENDPOINT.zone && columns.details.zones) zone = reader.text()
    else reader.skip(tag)
  }
  const label = hostname === '' ? '' : readHostname(new Field(hostname, ['endpoints', index, 'hostname']), skip)
  finishEndpoint(columns, ready, label, pod, zone)
}

const readAddress = (field: Field, size: 4 | 16, columns: Columns, skip: Skip): void =>
  attempt(() => columns.address(field.address(size)), skip)

const readHostname = (field: Field, skip: Skip): string | undefined => attempt(() => field.label(), skip)

export function sliceFromJson(root: Field, details: Details, skip: Skip): EndpointSlice | undefined {
  const slice = readEndpointSlice(new Field({ ...Object(root.value), endpoints: undefined }), skip)
  if (!slice) return undefined
  const columns = new Columns(slice.group.size, details)
  for (const item of root.at('endpoints').items()) {
    attempt(() => {
      for (const address of item.at('addresses').each(field => field.address(slice.group.size), skip)) columns.address(address)
      const ready = item.at('conditions', 'ready').truth(true)
      const hostname = item.at('hostname').label('')
      finishEndpoint(columns, ready, hostname, item.at('targetRef', 'name').text(''), item.at('zone').text(''))
    }, skip)
    columns.drop()
  }
  return columns.finish(slice, root.at('metadata', 'resourceVersion').text(''))
}

/** @param hostname undefined where it is not one */
function finishEndpoint(columns: Columns, ready: boolean, hostname: string | undefined, pod: string, zone: string): void {
  if (ready && hostname !== undefined) columns.keep(hostname, isLabel(pod) ? pod : '', zone.toLowerCase())
  else columns.drop()
}
