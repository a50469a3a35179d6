/** *local* keeps questions about this very machine from leaving it. */
import { toOctets } from '#src/dns/address.ts'
import { RCODE, TYPE } from '#src/dns/codes.ts'
import { isUnder, keyOf, toKey } from '#src/dns/name.ts'
import { Reply } from '#src/dns/reply.ts'
import { type Sections, SectionsBuilder } from '#src/dns/sections.ts'
import { ZoneSet } from '#src/dns/zone-map.ts'
import type { Plugin } from '#src/plugin.ts'

interface Options {
  /** Whether `localhost.example.org` is this machine, too. */
  localhostPrefix: boolean
}

const LOCALHOST = toKey('localhost')
const LOCALHOST_LABEL = LOCALHOST.slice(0, -1)
const LOOPBACK_NAME = toKey('1.0.0.127.in-addr.arpa')
const ZONES = new ZoneSet(['localhost', '0.in-addr.arpa', '127.in-addr.arpa', '255.in-addr.arpa'])
const LOOPBACK4 = toOctets('127.0.0.1')!
const LOOPBACK6 = toOctets('::1')!
/** A week, in seconds: none of this ever changes. */
const TTL = 604_800

export const local: Plugin<Options> = {
  name: 'local',

  parse(directive) {
    const options = { localhostPrefix: true }
    for (const use of directive.uses()) {
      use.options({
        localhost_prefix: line => {
          options.localhostPrefix = line.oneOf('localhost_prefix', ['on', 'off']) === 'on'
        },
      })
      use.end()
    }
    return options
  },

  create({ localhostPrefix }, block) {
    const log = block.log('local')
    const requests = block.server.metrics
      .counter('coredns_local_localhost_requests_total', 'Counter of special localhost subdomain requests.')
      .with({})
    const isLocalhost = (key: string) => isUnder(key, LOCALHOST) || (localhostPrefix && key.startsWith(LOCALHOST_LABEL))
    return {
      wrap: next => query => {
        const { key, type } = query
        if (key !== LOCALHOST && isLocalhost(key)) {
          requests.value++
          log.debug(`Intercepting localhost query for ${query.name} from ${query.client.address}`)
          return new Reply(RCODE.NOERROR, 0, loopback(key, type) ?? soa(key, key))
        }
        const zone = ZONES.find(key)
        if (zone === undefined) return next(query)
        if (key === zone) return new Reply(RCODE.NOERROR, 0, apex(key, type) ?? soa(key, zone))
        if (key !== LOOPBACK_NAME) return new Reply(RCODE.NXDOMAIN, 0, soa(key, zone))
        return new Reply(RCODE.NOERROR, 0, type === TYPE.PTR ? name(key, TYPE.PTR) : soa(key, zone))
      },
    }
  },
}

/** The loopback address of the asked family; undefined for other types. */
function loopback(key: string, type: number): Sections | undefined {
  if (type === TYPE.A) return new SectionsBuilder(key).address(key, TTL, LOOPBACK4).build()
  if (type === TYPE.AAAA) return new SectionsBuilder(key).address(key, TTL, LOOPBACK6).build()
  return undefined
}

/** What a zone's own name has; undefined for types that it has not. */
function apex(zone: string, type: number): Sections | undefined {
  if (type === TYPE.SOA) return writeSoa(new SectionsBuilder(zone), zone)
  if (type === TYPE.NS) return name(zone, TYPE.NS)
  return zone === LOCALHOST ? loopback(zone, type) : undefined
}

/** One record that names `localhost.` */
const name = (key: string, type: number): Sections => new SectionsBuilder(key).name(key, type, TTL, LOCALHOST).build()

/** The SOA of a negative answer. */
const soa = (key: string, zone: string): Sections => writeSoa(new SectionsBuilder(key).authority(), zone)

const writeSoa = (sections: SectionsBuilder, zone: string): Sections =>
  sections
    .soa(zone, TTL, {
      mname: LOCALHOST,
      rname: keyOf(['root'], LOCALHOST),
      serial: 1,
      refresh: 0,
      retry: 0,
      expire: 0,
      minimum: TTL,
    })
    .build()
