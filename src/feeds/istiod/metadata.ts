/** `envoy.config.core.v3.Metadata`: what istiod says of clusters and endpoints for telemetry, unless it is told not to. */
import { type ProtobufReader, sized } from '../../protobuf-reader.ts'

const METADATA = { filter: sized(1) }
const ENTRY = { key: sized(1), value: sized(2) }
const STRUCT = { fields: sized(1) }
const VALUE = { text: sized(3), struct: sized(5), list: sized(6) }
const LIST = { values: sized(1) }

/** Which workload an endpoint is, `NAME;NAMESPACE;SERVICE;REVISION;CLUSTER`; `''` where that is not told. */
export const workloadOf = (metadata: ProtobufReader): string => text(field(metadata, 'istio', 'workload'))

/** Whether an endpoint takes mTLS. */
export const isMutual = (metadata: ProtobufReader): boolean =>
  text(field(metadata, 'envoy.transport_socket_match', 'tlsMode')) === 'istio'

/** The short name of the Service that a cluster is of, the host of a ServiceEntry; `''` where that is not told. */
export function serviceOf(metadata: ProtobufReader): string {
  const services = part(field(metadata, 'istio', 'services'), VALUE.list)
  return text(entry(part(part(services, LIST.values), VALUE.struct), STRUCT.fields, 'name'))
}

const field = (metadata: ProtobufReader, filter: string, name: string): ProtobufReader | undefined =>
  entry(entry(metadata, METADATA.filter, filter), STRUCT.fields, name)

const text = (value: ProtobufReader | undefined): string => {
  const octets = part(value, VALUE.text)
  return octets ? octets.bytes.toString(undefined, octets.at, octets.end) : ''
}

/** The value of an entry of a map of messages. */
function entry(reader: ProtobufReader | undefined, map: number, wanted: string): ProtobufReader | undefined {
  for (let inner = part(reader, map); inner; inner = part(reader, map)) {
    let [key, value]: [string, ProtobufReader | undefined] = ['', undefined]
    for (let tag = inner.next(); tag !== 0; tag = inner.next()) {
      if (tag === ENTRY.key) key = inner.text(wanted)
      else if (tag === ENTRY.value) value = inner.within()
      else inner.skip(tag)
    }
    if (key === wanted) return value
  }
  return undefined
}

/** The next part of a message with this tag. */
function part(reader: ProtobufReader | undefined, wanted: number): ProtobufReader | undefined {
  for (let tag = reader?.next() ?? 0; tag !== 0; tag = reader!.next()) {
    if (tag === wanted) return reader!.within()
    reader!.skip(tag)
  }
  return undefined
}
