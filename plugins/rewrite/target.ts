import { TYPE } from '#src/dns/codes.ts'
import { endOfName, readKey } from '#src/dns/message.ts'
import { namesIn } from '#src/dns/rdata.ts'
import type { WholeRecord } from '#src/dns/rebase.ts'

/** The types whose data has a name that may be rewritten; of SOA it is the first. */
const TYPES = new Set<number>([TYPE.CNAME, TYPE.DNAME, TYPE.MX, TYPE.NAPTR, TYPE.NS, TYPE.PTR, TYPE.SOA, TYPE.SRV])

/** The key of the name in the data of a record; undefined where there is none. */
export function targetOf({ type, data }: WholeRecord): string | undefined {
  if (!TYPES.has(type)) return undefined
  const [before] = namesIn(data, 0, type)
  return readKey(data, before)
}

/** Puts another name into the data of a record that has one. */
export function setTarget(record: WholeRecord, key: string): void {
  const { type, data } = record
  const [before] = namesIn(data, 0, type)
  record.data = Buffer.concat([data.subarray(0, before), Buffer.from(key, 'latin1'), data.subarray(endOfName(data, before))])
}
