/** Names, types and classes, between text and wire form. Unlike the server's keys, these names keep their case. */
import { TYPE } from '#src/dns/codes.ts'
import { toText } from '#src/dns/name.ts'

const typeNames = new Map<number, string>(Object.entries(TYPE).map(([name, code]) => [code, name]))
const classNames = new Map([[1, 'IN'], [3, 'CH'], [4, 'HS'], [254, 'NONE'], [255, 'ANY']]) // biome-ignore format: a table

export const typeCode = (type: string | number): number => {
  if (typeof type === 'number') return type
  const code = (TYPE as Readonly<Record<string, number>>)[type] ?? Number(/^TYPE(\d+)$/.exec(type)?.[1])
  if (Number.isNaN(code)) throw new Error(`unknown type ${type}`)
  return code
}

export const classCode = (text: string): number => {
  const code = [...classNames].find(([, name]) => name === text)?.[0] ?? Number(/^CLASS(\d+)$/.exec(text)?.[1])
  if (Number.isNaN(code)) throw new Error(`unknown class ${text}`)
  return code
}

export const typeText = (code: number): string => typeNames.get(code) ?? `TYPE${code}`
export const classText = (code: number): string => classNames.get(code) ?? `CLASS${code}`

/** The wire form of a name given as text, case kept. */
export function writeName(text: string): Buffer {
  const labels = text === '.' ? [] : (text.match(/(?:\\\d{3}|\\[\s\S]|[^.\\])+/g) ?? [])
  const parts = labels.map(label => {
    const octets = Buffer.from(
      label.replace(/\\(\d{3})|\\([\s\S])/g, (_, code, char) => char ?? String.fromCharCode(code)),
      'latin1',
    )
    return Buffer.concat([Buffer.of(octets.length), octets])
  })
  return Buffer.concat([...parts, Buffer.of(0)])
}

/** The name at `at`, its case kept, and the offset behind it. @throws when a pointer does not point backward or the name does not end */
export function readName(message: Buffer, at: number): { name: string; end: number } {
  let octets = ''
  let end = 0
  for (let lowest = at; ; ) {
    const length = message.readUInt8(at)
    if (length >= 0xc0) {
      end ||= at + 2
      at = message.readUInt16BE(at) & 0x3fff
      if (at >= lowest) throw new Error(`compression pointer to ${at} does not point backward`)
      lowest = at
      continue
    }
    if (length > 63) throw new Error(`label of type ${length >> 6} at ${at}`)
    if (at + 1 + length > message.length) throw new Error(`label at ${at} runs over the end`)
    octets += message.toString('latin1', at, at + 1 + length)
    at += 1 + length
    if (octets.length > 255) throw new Error('name is longer than 255 octets')
    if (length === 0) return { name: toText(octets), end: end || at }
  }
}
