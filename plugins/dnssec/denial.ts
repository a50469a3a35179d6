/** NSEC records which deny one type at one name (RFC 9824, "black lies"). The types that they claim to be there are CoreDNS's. */
import { TYPE } from '#src/dns/codes.ts'
import { typeBitmap } from '#src/dns/type-bitmap.ts'

const COMMON = [TYPE.A, TYPE.HINFO, TYPE.TXT, TYPE.AAAA, TYPE.LOC, TYPE.SRV, TYPE.CERT, TYPE.SSHFP, TYPE.RRSIG, TYPE.NSEC, TYPE.TLSA, TYPE.HIP, TYPE.OPENPGPKEY, TYPE.SPF] // biome-ignore format: one line

/** The type bitmaps of a name, by the type that is denied; 0 for any type that is never claimed. */
type Bitmaps = ReadonlyMap<number, string>

function bitmaps(types: readonly number[]): Bitmaps {
  // The NSEC record itself does exist.
  const lies = types.filter(type => type !== TYPE.NSEC)
  return new Map([0, ...lies].map(type => [type, typeBitmap(types.filter(other => other !== type))]))
}

const ofName = bitmaps(COMMON)
const ofZone = bitmaps([...COMMON, TYPE.NS, TYPE.SOA, TYPE.MX, TYPE.DNSKEY])
/** For a name where another zone may begin: one with NS, and with neither DS nor SOA. */
const ofCut = typeBitmap([...COMMON, TYPE.NS])

const of = (all: Bitmaps, type: number): string => all.get(type) ?? all.get(0)!

/** The data of the NSEC record which says that a name has no records of a type, or does not exist. @param zone key of the zone that it is in */
export function denialOf(name: string, type: number, zone: string): string {
  const types = name === zone ? of(ofZone, type) : type === TYPE.DS ? ofCut : of(ofName, type)
  // A name that is too long has nothing below it.
  return `${name.length > MAX_LENGTH - 2 ? behind(name, zone) : `\x01\0${name}`}${types}`
}

/** The data of the NSEC record which says that the zone that begins at a name is not signed. The names below are that zone's. */
export const referralOf = (name: string, zone: string): string => behind(name, zone) + ofCut

/** In octets, of a label and of a name. */
const MAX_LABEL = 63
const MAX_LENGTH = 255

/** The first name that sorts after a name and all names below it (RFC 4034 §6.1, RFC 4471 §3.1). */
function behind(name: string, zone: string): string {
  const label = name.slice(1, 1 + name.charCodeAt(0))
  const above = name.slice(1 + label.length)
  if (label.length < MAX_LABEL && name.length < MAX_LENGTH) return withLabel(`${label}\0`, above)
  const rest = label.replace(/\xff+$/, '')
  // The last name of a zone is followed by the first.
  if (rest === '') return above === zone ? zone : behind(above, zone)
  const last = rest.charCodeAt(rest.length - 1)
  // Keys have no capital letters: behind @ comes [.
  return withLabel(rest.slice(0, -1) + String.fromCharCode(last === 0x40 ? 0x5b : last + 1), above)
}

const withLabel = (label: string, above: string): string => String.fromCharCode(label.length) + label + above
