/** Protocol Buffers to what the JSON of the same object would say, of nothing but the fields that a shape names. */
import { numeric, type ProtobufReader, sized } from '../../protobuf-reader.ts'

type Read = (reader: ProtobufReader) => unknown

interface Member {
  readonly tag: number
  readonly name: string
  readonly read: Read
  readonly many?: 'list' | 'map'
}

/** The fields of a message that are read, by tag. */
export type Shape = ReadonlyMap<number, Member>

export const shape = (...members: Member[]): Shape => new Map(members.map(member => [member.tag, member]))

export const text = (field: number, name: string): Member => ({ tag: sized(field), name, read: reader => reader.text() })
export const texts = (field: number, name: string): Member => ({ ...text(field, name), many: 'list' })
export const number = (field: number, name: string): Member => ({ tag: numeric(field), name, read: reader => reader.number() })
export const truth = (field: number, name: string): Member => ({
  tag: numeric(field),
  name,
  read: reader => reader.number() !== 0,
})
export const message = (field: number, name: string, inner: Shape): Member => ({
  tag: sized(field),
  name,
  read: reader => {
    const outer = reader.enter()
    const value = readShape(reader, inner)
    reader.leave(outer)
    return value
  },
})
export const messages = (field: number, name: string, inner: Shape): Member => ({ ...message(field, name, inner), many: 'list' })

const ENTRY = shape(text(1, 'key'), text(2, 'value'))

/** A map of texts. */
export const map = (field: number, name: string): Member => ({ ...message(field, name, ENTRY), many: 'map' })

const INT_OR_STRING = shape(number(1, 'type'), number(2, 'intVal'), text(3, 'strVal'))

/** `util/intstr.IntOrString`, of which both halves are sent. */
export const numberOrText = (field: number, name: string): Member => {
  const { tag, read } = message(field, name, INT_OR_STRING)
  return {
    tag,
    name,
    read: reader => {
      const { type, intVal, strVal } = read(reader) as { type?: number; intVal?: number; strVal?: string }
      return type === 1 ? strVal : intVal
    },
  }
}

/** What is left of the message, as an object. */
export function readShape(reader: ProtobufReader, members: Shape): Record<string, unknown> {
  const value: Record<string, unknown> = {}
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    const member = members.get(tag)
    if (!member) {
      reader.skip(tag)
      continue
    }
    put(value, member, member.read(reader))
  }
  return value
}

function put(value: Record<string, unknown>, { name, many }: Member, part: unknown): void {
  if (many === undefined) value[name] = part
  else if (many === 'list') {
    const list = value[name] as unknown[] | undefined
    if (list) list.push(part)
    else value[name] = [part]
  } else {
    const { key = '', value: held = '' } = part as { key?: string; value?: string }
    // Keys are any text, `__proto__` included.
    value[name] ??= Object.create(null)
    ;(value[name] as Record<string, string>)[key] = held
  }
}
