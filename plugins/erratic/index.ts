/** *erratic* answers now and then late, cut short or not at all, for tests of clients. */
import { setTimeout as sleep } from 'node:timers/promises'
import { toOctets } from '#src/dns/address.ts'
import { FLAG, RCODE, TYPE } from '#src/dns/codes.ts'
import { type Sections, SectionsBuilder } from '#src/dns/sections.ts'
import { answer, type Plugin, Reply, silence } from '#src/plugin.ts'
import { type Options, parse } from './options.ts'
import { LONGEST_ZONE, smallZone } from './zone.ts'

/** Documentation addresses (RFC 5737, RFC 3849). */
const IPV4 = toOctets('192.0.2.53')!
const IPV6 = toOctets('2001:db8::53')!

/** Records of a large reply. */
const MANY = 30

/** After how many queries it is ready. */
const READY = [3, 4]

export const erratic: Plugin<Options> = {
  name: 'erratic',
  // It asks nobody, but queries wait in it.
  waits: true,
  parse,

  create({ drop, delay, duration, truncate, large }) {
    let queries = 0
    const isHit = (amount: number) => amount > 0 && queries % amount === 0
    return {
      wrap: () => query => {
        const isDropped = isHit(drop)
        const isLate = isHit(delay)
        const isTruncated = isHit(truncate)
        queries++
        if (isDropped) return silence()
        const reply = replyTo(query.key, query.type, isTruncated, large)
        return isLate ? sleep(duration, reply, { ref: false }) : reply
      },
      ready() {
        return READY.includes(queries) || `ready with ${READY.join(' or ')} queries, it has had ${queries}`
      },
    }
  },
}

function replyTo(key: string, type: number, isTruncated: boolean, large: boolean): Reply {
  if (type === TYPE.AXFR && key.length <= LONGEST_ZONE) return answer(smallZone(key, !isTruncated))
  if (type !== TYPE.A && type !== TYPE.AAAA) return new Reply(RCODE.SERVFAIL)
  const reply = answer(type === TYPE.A ? addresses(key, IPV4, large ? MANY : 1) : addresses(key, IPV6, 1))
  if (isTruncated) reply.flags |= FLAG.TC
  return reply
}

function addresses(key: string, octets: Uint8Array, count: number): Sections {
  const sections = new SectionsBuilder(key)
  for (let i = 0; i < count; i++) sections.address(key, 0, octets)
  return sections.build()
}
