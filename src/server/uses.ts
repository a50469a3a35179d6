/** Whether the places where the blocks of a Corefile serve their zones go together. */
import { isDeepStrictEqual } from 'node:util'
import { Problem, type Token } from '../corefile/problem.ts'
import type { View } from '../plugin.ts'
import { isAny, type Place } from './listeners.ts'

/** A zone of a block at one place, with the label in the Corefile that says so. */
export interface Use {
  readonly zone: string
  readonly place: Place
  readonly token: Token
  /** Of the place. */
  readonly label: string
  readonly view: View | undefined
  readonly chain: readonly string[]
}

/** What each place is for all blocks that share it, by label. */
type Places = ReadonlyMap<string, Place>

/** @throws {Problem} the first thing that cannot be */
export function refuseContradictions(uses: readonly Use[], places: Places): void {
  refuseOverlaps(uses)
  refuseHidden(uses)
  refuseBare(uses, places)
  refuseLimits(uses, places)
}

/** Sentences about what is probably not meant. */
export const doubts = (uses: readonly Use[], places: Places): string[] => [...otherSockets(uses, places), ...inTheClear(uses)]

/** Where HTTP is spoken, for proxies that end TLS. */
function inTheClear(uses: readonly Use[]): string[] {
  const bare = uses.filter(({ place }) => place.scheme === 'https' && !place.tls)
  return [...new Set(bare.map(({ label }) => `${label} answers in the clear: its server block has no tls`))]
}

/** Where blocks of one port want different numbers of sockets. */
function otherSockets(uses: readonly Use[], places: Places): string[] {
  const other = ({ label, place }: { label: string; place: Place }) => place.sockets !== places.get(label)!.sockets
  const counted = (sockets: number) => (sockets === 1 ? '1 socket' : `${sockets} sockets`)
  const number = (sockets: number | undefined) => (sockets === undefined ? 'no number' : String(sockets))
  return uses
    .filter(other)
    .map(
      ({ label, zone, place }) =>
        `${label} has ${counted(places.get(label)!.sockets ?? 1)}, as its first server block says; that of ${zone} says ${number(place.sockets)}`,
    )
}

/** A zone is served once at each place, unless views tell the blocks apart. Bound to some addresses and to all addresses of one port, it would be chance who answers. */
function refuseOverlaps(uses: readonly Use[]): void {
  const seen = new Map<string, Map<string, Token>>()
  for (const { zone, place, token, view } of uses) {
    const id = `${place.scheme}://${zone}:${place.port}`
    const addresses = seen.get(id) ?? new Map<string, Token>()
    const other = [...addresses.keys()].find(address => (address === '') !== (place.address === ''))
    const at = (address: string) => (address === '' ? id : `${id} on ${address}`)
    const first = addresses.get(place.address)
    if (first && !view)
      throw new Problem(`cannot serve ${at(place.address)} - it is already defined at ${first.file}:${first.line}`, token)
    if (other !== undefined)
      throw new Problem(`cannot serve ${at(place.address)} - zone overlap listener capacity with ${at(other)}`, token)
    if (!view) seen.set(id, addresses.set(place.address, token))
  }
}

/** A socket for one address takes queries away from the one for all addresses, whose zones would then not be served there. */
function refuseHidden(all: readonly Use[]): void {
  const uses = all.filter(({ place }) => place.port !== 0)
  for (const { place, label, token } of uses) {
    if (!uses.some(({ place: other }) => isAny(other) && other.port === place.port && other.address !== place.address)) continue
    throw new Problem(
      `cannot listen on ${label} - another server block listens on all addresses of port ${place.port}: 'bind' all blocks of the port, or none`,
      token,
    )
  }
}

/** TLS needs a certificate, while HTTPS and gRPC may do without; and blocks that share a listener must give the same one. */
function refuseBare(uses: readonly Use[], places: Places): void {
  for (const { place, label, token } of uses) {
    if (place.scheme === 'tls' && !place.tls)
      throw new Problem(`${label} needs a certificate: add tls to its server block`, token)
    if (!isDeepStrictEqual(place.tls, places.get(label)!.tls))
      throw new Problem(`${label} has one certificate, and an earlier server block has another tls line`, token)
  }
}

/** An HTTP listener has one limit of each kind: blocks that share it must set the same, or none. */
function refuseLimits(uses: readonly Use[], places: Places): void {
  for (const { place, label, token } of uses) {
    const { connections, limits } = places.get(label)!
    for (const [option, said, first] of [
      ['max_connections', place.connections, connections],
      ['max_streams', place.limits.streams, limits.streams],
    ] as const)
      if (said !== undefined && said !== first)
        throw new Problem(
          `conflicting ${option} values for shared ${place.scheme === 'https' ? 'HTTPS' : 'gRPC'} listener ${label}: ${said} and ${first}`,
          token,
        )
  }
}
