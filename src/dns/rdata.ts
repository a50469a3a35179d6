/** Data of records: where names stand in it, and what has several fields. */
import { TYPE } from './codes.ts'

/**
 * Octets before a name in the data of a record, and names that stand there one behind the other, by the types in which others may have compressed them
 * (RFC 3597 §4), or in which their letters mean nothing to a signature (RFC 4034 §6.2). NAPTR is one of these, too.
 */
export const NAMES_IN_DATA: ReadonlyMap<number, readonly [before: number, names: number]> = new Map([
  [TYPE.NS, [0, 1]],
  [TYPE.CNAME, [0, 1]],
  [TYPE.PTR, [0, 1]],
  [TYPE.DNAME, [0, 1]],
  [TYPE.SOA, [0, 2]],
  [TYPE.MX, [2, 1]],
  [TYPE.SRV, [6, 1]],
  [TYPE.RP, [0, 2]],
  [TYPE.AFSDB, [2, 1]],
  [TYPE.MD, [0, 1]],
  [TYPE.MF, [0, 1]],
  [TYPE.MB, [0, 1]],
  [TYPE.MG, [0, 1]],
  [TYPE.MR, [0, 1]],
  [TYPE.MINFO, [0, 2]],
  [TYPE.RT, [2, 1]],
  [TYPE.SIG, [18, 1]],
  [TYPE.PX, [2, 2]],
  [TYPE.NXT, [0, 1]],
  [TYPE.KX, [2, 1]],
])

const NONE = [0, 0] as const

/** What stands in the data of a record, from `start` on, before its names, in octets, and how many names there are. */
export function namesIn(octets: Uint8Array, start: number, type: number): readonly [before: number, names: number] {
  if (type !== TYPE.NAPTR) return NAMES_IN_DATA.get(type) ?? NONE
  // Order, preference and three character-strings (RFC 3403 §4.1).
  let before = 4
  for (let i = 0; i < 3; i++) before += 1 + (octets[start + before] ?? 0)
  return [before, 1]
}

export interface Srv {
  priority: number
  weight: number
  port: number
  /** Key of the target. */
  target: string
}

export interface Soa {
  mname: string
  rname: string
  serial: number
  refresh: number
  retry: number
  expire: number
  /** The TTL of negative answers (RFC 2308 §4). */
  minimum: number
}
