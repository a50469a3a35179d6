import { Field, type Skip } from '../objects/field.ts'
import type { Encoding, Event } from './encoding.ts'
import { LineFrames } from './frames.ts'
import { type Item, versioned } from './item.ts'
import type { Kind } from './kind.ts'
import type { ClusterObject } from './objects.ts'
import { readStatus } from './status.ts'

export const json: Encoding = {
  frames: () => new LineFrames(),

  event(frame): Event | undefined {
    const event = parse(frame)
    const type = text(event.type)
    if (type === 'ERROR') return { type, status: readStatus(event.object) }
    if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED' || type === 'BOOKMARK')
      return { type, item: new JsonItem(event.object) }
    return undefined
  },

  list(body) {
    const { metadata, items } = parse(body)
    const { resourceVersion, continue: next } = members(metadata)
    return {
      version: text(resourceVersion),
      next: text(next),
      items: new Field(items).items().map(({ value }) => new JsonItem(value)),
    }
  },

  status: body => readStatus(parse(body)),
}

const parse = (octets: Buffer): Record<string, unknown> => members(JSON.parse(octets.toString('utf8', 0, octets.length)))

/** Whatever is no object has no members. */
const members = (value: unknown): Record<string, unknown> => Object(value)

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

class JsonItem implements Item {
  readonly namespace: string
  readonly name: string
  readonly version: string
  readonly #value: unknown

  constructor(value: unknown) {
    this.#value = value
    const { namespace, name, resourceVersion } = members(members(value).metadata)
    this.namespace = text(namespace)
    this.name = text(name)
    this.version = text(resourceVersion)
  }

  metadata(): Field {
    return new Field(this.#value).at('metadata')
  }

  read(kind: Kind, skip: Skip): ClusterObject | undefined {
    return versioned(kind.read(new Field(this.#value), skip), this.version)
  }
}
