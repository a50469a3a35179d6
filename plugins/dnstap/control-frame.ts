/** Control frames of Frame Streams (github.com/farsightsec/fstrm, fstrm/control.h): a length of 0, their own length, a type, and fields. */
import { Buffer } from 'node:buffer'

export const CONTENT_TYPE = Buffer.from('protobuf:dnstap.Dnstap')

export const CONTROL = { ACCEPT: 1, START: 2, STOP: 3, READY: 4, FINISH: 5 } as const

/** The only field that there is. */
const CONTENT_TYPE_FIELD = 1
/** Octets, without the two lengths. */
const LONGEST = 512

export function controlFrame(type: number, contentType?: Uint8Array): Buffer {
  const field = contentType ? 8 + contentType.length : 0
  const frame = Buffer.alloc(12 + field)
  frame.writeUInt32BE(4 + field, 4)
  frame.writeUInt32BE(type, 8)
  if (!contentType) return frame
  frame.writeUInt32BE(CONTENT_TYPE_FIELD, 12)
  frame.writeUInt32BE(contentType.length, 16)
  frame.set(contentType, 20)
  return frame
}

export interface ControlFrame {
  readonly type: number
  readonly contentTypes: readonly Uint8Array[]
  /** Where it ends. */
  readonly end: number
}

/** The control frame that `data` begins with; undefined while it is not whole. @throws {Error} it begins with something else */
export function readControlFrame(data: Buffer): ControlFrame | undefined {
  if (data.length < 8) return undefined
  const end = 8 + data.readUInt32BE(4)
  if (data.readUInt32BE(0) !== 0 || end < 12 || end > 8 + LONGEST) throw new Error('decoding error')
  if (data.length < end) return undefined
  const contentTypes: Uint8Array[] = []
  for (let at = 12; at + 8 <= end; ) {
    const next = at + 8 + data.readUInt32BE(at + 4)
    contentTypes.push(data.subarray(at + 8, next))
    at = next
  }
  return { type: data.readUInt32BE(8), contentTypes, end }
}
