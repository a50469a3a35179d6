/** NSEC records that say of one name alone that there is nothing of one type (RFC 9824, known as black lies); which types they say there are is CoreDNS's choice. */
import { TYPE } from '#src/dns/codes.ts'
import { typeBitmap } from '#src/dns/type-bitmap.ts'

const COMMON = [TYPE.A, TYPE.HINFO, TYPE.TXT, TYPE.AAAA, TYPE.LOC, TYPE.SRV, TYPE.CERT, TYPE.SSHFP, TYPE.RRSIG, TYPE.NSEC, TYPE.TLSA, TYPE.HIP, TYPE.OPENPGPKEY, TYPE.SPF] // biome-ignore format: one line

/** Of a name, by the type that it does not have; 0 for one that is not among those that are said to be there. */
type Bitmaps = ReadonlyMap<number, string>

function bitmaps(types: readonly number[]): Bitmaps {
  // That there is an NSEC record is no lie.
  const lies = types.filter(type => type !== TYPE.NSEC)
  return new Map([0, ...lies].map(type => [type, typeBitmap(types.filter(other => other !== type))]))
}

const ofName = bitmaps(COMMON)
const ofZone = bitmaps([...COMMON, TYPE.NS, TYPE.SOA, TYPE.MX, TYPE.DNSKEY])
/** Another zone may begin there; there is no DS record that says so, and no SOA record. */
const ofCut = typeBitmap([...COMMON, TYPE.NS])

const of = (all: Bitmaps, type: number): string => all.get(type) ?? all.get(0)!

/** The data of the NSEC record that a name does not have records of the type, or does not exist. @param zone key of the zone that it is in */
export function denialOf(name: string, type: number, zone: string): string {
  const types = name === zone ? of(ofZone, type) : type === TYPE.DS ? ofCut : of(ofName, type)
  // Nothing stands below a name that is too long for it.
  return `${name.length > MAX_LENGTH - 2 ? behind(name, zone) : `\x01\0${name}`}${types}`
}

/** The data of the NSEC record that the zone which begins at a name is not signed. What is below is that zone's. */
export const referralOf = (name: string, zone: string): string => behind(name, zone) + ofCut

/** In octets, of a label and of a name. */
const MAX_LABEL = 63
const MAX_LENGTH = 255

/** The name that is next to one and to all that are below it (RFC 4034 §6.1, RFC 4471 §3.1). */
function behind(name: string, zone: string): string {
  const label = name.slice(1, 1 + name.charCodeAt(0))
  const above = name.slice(1 + label.length)
  if (label.length < MAX_LABEL && name.length < MAX_LENGTH) return withLabel(`${label}\0`, above)
  const rest = label.replace(/\xff+$/, '')
  // The last name of a zone leads to the first.
  if (rest === '') return above === zone ? zone : behind(above, zone)
  const last = rest.charCodeAt(rest.length - 1)
  // Capital letters are small ones.
  return withLabel(rest.slice(0, -1) + String.fromCharCode(last === 0x40 ? 0x5b : last + 1), above)
}

const withLabel = (label: string, above: string): string => String.fromCharCode(label.length) + label + above
