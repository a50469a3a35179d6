import { ProtobufReader, sized } from '../../protobuf-reader.ts'
import { Field } from '../objects/field.ts'
import { META } from './meta.ts'
import { readShape } from './shape.ts'

/** Any object. */
const OBJECT = { metadata: sized(1) }
const OBJECT_META = { name: sized(1), namespace: sized(3), resourceVersion: sized(6), labels: sized(11), annotations: sized(12) }
const ENTRY = { key: sized(1), value: sized(2) }

/** The namespace of the object before, which is most often that of the next one, too. */
let latest = ''

/** Narrows a reader to a message in the one that it reads; where there is none, it is at its end. @returns whether there is one */
export function narrow(reader: ProtobufReader, wanted: number): boolean {
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === wanted) {
      reader.enter()
      return true
    }
    reader.skip(tag)
  }
  return false
}

/** An object as it came, of which nothing but what it is called has been read. */
export class ProtobufObject {
  namespace = ''
  name = ''
  version = ''
  readonly #object: ProtobufReader
  readonly #start: number
  readonly #meta: ProtobufReader
  readonly #metaStart: number

  constructor(object: ProtobufReader) {
    this.#object = object
    this.#start = object.at
    const meta = new ProtobufReader(object.bytes, object.at, object.end)
    narrow(meta, OBJECT.metadata)
    this.#meta = meta
    this.#metaStart = meta.at
    for (let tag = meta.next(); tag !== 0; tag = meta.next()) {
      if (tag === OBJECT_META.name) this.name = meta.text()
      else if (tag === OBJECT_META.namespace) this.namespace = meta.text(latest)
      else if (tag === OBJECT_META.resourceVersion) this.version = meta.text()
      else meta.skip(tag)
    }
    latest = this.namespace
  }

  /** The reader of the object, at its start. */
  open(): ProtobufReader {
    this.#object.at = this.#start
    return this.#object
  }

  #openMeta(): ProtobufReader {
    this.#meta.at = this.#metaStart
    return this.#meta
  }

  metadata(): Field {
    return new Field(readShape(this.#openMeta(), META))
  }

  /** One label. */
  label(name: string): string | undefined {
    return this.#entry(OBJECT_META.labels, name)
  }

  /** One annotation. */
  annotation(name: string): string | undefined {
    return this.#entry(OBJECT_META.annotations, name)
  }

  #entry(map: number, name: string): string | undefined {
    const meta = this.#openMeta()
    for (let tag = meta.next(); tag !== 0; tag = meta.next()) {
      if (tag !== map) {
        meta.skip(tag)
        continue
      }
      const outer = meta.enter()
      let value = ''
      let named = false
      for (let part = meta.next(); part !== 0; part = meta.next()) {
        if (part === ENTRY.key) named = meta.matches(name)
        else if (part === ENTRY.value && named) value = meta.text()
        else meta.skip(part)
      }
      meta.leave(outer)
      if (named) return value
    }
    return undefined
  }
}
