import { type TypeName, typeOf } from '#src/feeds/istiod/types.ts'
import { ProtobufReader, sized } from '#src/protobuf-reader.ts'

/** A `DeltaDiscoveryRequest`. */
export interface Asked {
  /** The node's id; `''` behind the first request of a stream. */
  node: string
  metadata: Record<string, string>
  type: TypeName | undefined
  subscribe: string[]
  unsubscribe: string[]
  versions: Map<string, string>
  nonce: string
  /** Why a response was not accepted. */
  refusal: string
}

export function readRequest(message: Buffer): Asked {
  const asked: Asked = {
    node: '',
    metadata: {},
    type: undefined,
    subscribe: [],
    unsubscribe: [],
    versions: new Map(),
    nonce: '',
    refusal: '',
  }
  const reader = new ProtobufReader(message)
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === sized(1)) readNode(reader.within(), asked)
    else if (tag === sized(2)) asked.type = typeOf(reader.text())
    else if (tag === sized(3)) asked.subscribe.push(reader.text())
    else if (tag === sized(4)) asked.unsubscribe.push(reader.text())
    else if (tag === sized(5)) asked.versions.set(...readEntry(reader.within(), value => value.text()))
    else if (tag === sized(6)) asked.nonce = reader.text()
    else if (tag === sized(7)) asked.refusal = readEntry(reader.within(), value => value.text())[1]
    else reader.skip(tag)
  }
  return asked
}

function readNode(reader: ProtobufReader, asked: Asked): void {
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === sized(1)) asked.node = reader.text()
    else if (tag === sized(3)) {
      const struct = reader.within()
      for (let part = struct.next(); part !== 0; part = struct.next()) {
        const [key, text] = readEntry(struct.within(), value => readEntry(value.within(), () => '')[0])
        asked.metadata[key] = text
      }
    } else reader.skip(tag)
  }
}

/** The fields 1, or 3 of a `Value`, and 2, which a map's entries and a `Status` have. */
function readEntry<T extends string>(reader: ProtobufReader, value: (reader: ProtobufReader) => T): [string, T] {
  let [key, held]: [string, T] = ['', '' as T]
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === sized(1) || tag === sized(3)) key = reader.text()
    else if (tag === sized(2)) held = value(reader)
    else reader.skip(tag)
  }
  return [key, held]
}
