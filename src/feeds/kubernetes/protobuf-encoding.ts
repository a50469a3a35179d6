/** How an API server writes `application/vnd.kubernetes.protobuf` (field numbers: the `generated.proto` files of k8s.io/apimachinery). */

import { Malformed, ProtobufReader, sized } from '../../protobuf-reader.ts'
import { Field, type Skip } from '../objects/field.ts'
import type { Encoding, Event, List } from './encoding.ts'
import { LengthFrames } from './frames.ts'
import { type Item, versioned } from './item.ts'
import type { Kind } from './kind.ts'
import type { ClusterObject } from './objects.ts'
import { narrow, ProtobufObject } from './protobuf-object.ts'
import { message, number, readShape, shape, text } from './shape.ts'
import { readStatus } from './status.ts'

/** `k8s` and a zero octet, before everything but the events of a watch. */
const MAGIC = 0x6b387300
/** `runtime.Unknown` around each object, whose type it tells. */
const UNKNOWN = { raw: sized(2) }
/** `meta/v1.WatchEvent`, and the `runtime.RawExtension` in it. */
const EVENT = { type: sized(1), object: sized(2) }
const EXTENSION = { raw: sized(1) }
/** Any list. */
const LIST = { metadata: sized(1), items: sized(2) }
const LIST_META = shape(text(2, 'resourceVersion'), text(3, 'continue'))
const STATUS = shape(text(3, 'message'), message(5, 'details', shape(number(5, 'retryAfterSeconds'))), number(6, 'code'))

export const protobuf: Encoding = {
  frames: () => new LengthFrames(),
  event: readEvent,
  list: body => readList(unwrap(new ProtobufReader(body))),
  status: body => readStatus(readShape(unwrap(new ProtobufReader(body)), STATUS)),
}

/** The reader at the object inside. */
function unwrap(reader: ProtobufReader): ProtobufReader {
  if (reader.end - reader.at < 4 || reader.bytes.readUInt32BE(reader.at) !== MAGIC) throw new Malformed('no object of Kubernetes')
  reader.at += 4
  narrow(reader, UNKNOWN.raw)
  return reader
}

function readEvent(frame: Buffer): Event | undefined {
  const reader = new ProtobufReader(frame)
  let type = ''
  let object: ProtobufReader | undefined
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === EVENT.type) type = reader.text('ADDED')
    else if (tag === EVENT.object) {
      const extension = reader.within()
      if (narrow(extension, EXTENSION.raw)) object = extension
    } else reader.skip(tag)
  }
  if (!object) throw new Malformed('an event without an object')
  if (type === 'ERROR') return { type, status: readStatus(readShape(unwrap(object), STATUS)) }
  if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED' || type === 'BOOKMARK')
    return { type, item: new ProtobufItem(unwrap(object)) }
  return undefined
}

function readList(reader: ProtobufReader): List {
  const list = new ProtobufReader(reader.bytes, reader.at, reader.end)
  narrow(reader, LIST.metadata)
  const { resourceVersion, continue: next } = readShape(reader, LIST_META)
  return { version: `${resourceVersion ?? ''}`, next: `${next ?? ''}`, items: items(list) }
}

function* items(list: ProtobufReader): Iterable<Item> {
  for (let tag = list.next(); tag !== 0; tag = list.next()) {
    if (tag === LIST.items) yield new ProtobufItem(list.within())
    else list.skip(tag)
  }
}

class ProtobufItem extends ProtobufObject implements Item {
  read(kind: Kind, skip: Skip): ClusterObject | undefined {
    if (kind.fromProtobuf) return kind.fromProtobuf(this, skip)
    if (!kind.shape) throw new Malformed(`a ${kind.name} in Protocol Buffers`)
    const plain = kind.plain?.(this)
    if (plain) return plain
    return versioned(kind.read(new Field(readShape(this.open(), kind.shape)), skip), this.version)
  }
}
