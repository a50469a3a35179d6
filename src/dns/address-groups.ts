import { TYPE } from './codes.ts'
import type { Sections } from './sections.ts'

/** Addresses of one owner and type: offsets of their rdata in `bytes`, and its length (4 or 16). */
export interface AddressGroup {
  /** Where the owner's name stands in the message: 12 for the question's. */
  owner: number
  offsets: number[]
  length: number
}

/** See {@link Sections.addressGroups}. */
export function groupAddresses({ spans, bytes, base }: Sections): AddressGroup[] {
  const groups = new Map<string, AddressGroup>()
  /** Owners that do not stand as a pointer alone: their octets, by their place in the message. */
  const spelled = new Map<number, string>()
  for (const { start, fixed, end, type } of spans) {
    let owner = base + start
    if (bytes[start]! >= 0xc0) owner = ((bytes[start]! & 0x3f) << 8) | bytes[start + 1]!
    else spelled.set(owner, Buffer.from(bytes.subarray(start, fixed)).toString('latin1'))
    const length = end - fixed - 10
    if (!(type === TYPE.A && length === 4) && !(type === TYPE.AAAA && length === 16)) continue
    const key = `${type} ${spelled.get(owner) ?? owner}`
    const group = groups.get(key) ?? { owner, offsets: [], length }
    group.offsets.push(fixed + 10)
    groups.set(key, group)
  }
  const free = [...groups.values()].filter(group => group.offsets.length > 1)
  return free.map(group => ({ ...group, offsets: [...group.offsets] }))
}
