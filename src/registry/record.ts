/**
 * What a feed reports of the mesh, as plain data that crosses from the feed's thread to the serving one: one record for each host of each
 * object, sent whole when anything in it changes. Only what can be answered is in it; endpoints that are not ready are left out.
 *
 * Addresses are octets, names are keys (see `dns/name.ts`): both strings with a character for each octet, which cost little to hold, to
 * send and to look up.
 */

/** A port of a service, or one that an endpoint listens on. */
export interface Port {
  /** Lower case; `''` where there is no name, and so no SRV record. */
  readonly name: string
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  readonly number: number
}

/** Ready endpoints of one address family that listen on the same ports: those of an EndpointSlice, for one. */
export interface EndpointGroup {
  readonly ports: readonly Port[]
  /** Octets of an address. */
  readonly size: 4 | 16
  /** The addresses, one behind the other. */
  readonly addresses: string
  /** The hostname of each address, in lower case; `''` for one that has none. Undefined where none has. */
  readonly hostnames?: readonly string[]
  /** They are of the cluster that this server runs in, which another source knows sooner. */
  readonly own?: true
}

/** An endpoint that is a name: its addresses are what the DNS says. */
export interface Target {
  readonly name: string
  readonly ports: readonly Port[]
}

export interface HostRecord {
  /** A Service beats a ServiceEntry of the same host. A namespace is a name without addresses. */
  readonly kind: 'Service' | 'ServiceEntry' | 'Namespace'
  readonly namespace: string
  /**
   * A key. Without the root's zero octet it is relative to the zones that the mesh is served as (`backend.default.svc`);
   * with `*` as its first label it stands for every name below the rest.
   */
  readonly host: string
  /** The virtual addresses: none for a headless service. */
  readonly vips: readonly string[]
  readonly ports: readonly Port[]
  readonly groups: readonly EndpointGroup[]
  readonly targets: readonly Target[]
  /** What the host is only another name of. */
  readonly alias?: string
  /** The mesh does not say where the host is: without virtual addresses, it is the DNS that knows. */
  readonly elsewhere?: true
  /** Namespaces that see it: `.` is its own, `*` all, `~` none; all by default. */
  readonly exportTo?: readonly string[]
  /** The source does not tell who sees it: those for whom another source tells of it do, or all where none does. */
  readonly exportUntold?: true
  /** Of ServiceEntries of several namespaces, the one with the least of this counts: when it was created, in seconds since 1970; 0 by default. */
  readonly created?: number
}

/** A client with its namespace; reported only if some host is not for everybody. */
export interface ClientRecord {
  readonly kind: 'Client'
  readonly namespace: string
  readonly addresses: readonly string[]
}

export type MeshRecord = HostRecord | ClientRecord

/** Whether a host's key holds the whole name. */
export const isAbsolute = (host: string): boolean => host.endsWith('\0')

/** Whether the only endpoint of a host is its own name: then the DNS knows where it is. */
export const isItself = (host: string, groups: readonly EndpointGroup[], targets: readonly Target[]): boolean =>
  groups.length === 0 && targets.length > 0 && targets.every(({ name }) => name === host)

/** Each address of a group. */
export function* addressesOf({ addresses, size }: EndpointGroup): Iterable<string> {
  for (let at = 0; at < addresses.length; at += size) yield addresses.slice(at, at + size)
}

/** Each address of a group with its hostname. */
export function* endpointsOf(group: EndpointGroup): Iterable<readonly [address: string, hostname: string]> {
  let i = 0
  for (const address of addressesOf(group)) yield [address, group.hostnames?.[i++] ?? '']
}

/** Whether an address is in a group. */
export const isIn = (address: string, group: EndpointGroup): boolean => nextIn(group, address, 0) >= 0

/** The places of an address in a group, counted from 0: several endpoints may have it. */
export function placesIn(group: EndpointGroup, address: string): number[] {
  const places: number[] = []
  for (let i = nextIn(group, address, 0); i >= 0; i = nextIn(group, address, i + 1)) places.push(i)
  return places
}

/** The first place from `start` on; -1 where there is none. */
function nextIn({ addresses, size }: EndpointGroup, address: string, start: number): number {
  if (address.length !== size) return -1
  let at = addresses.indexOf(address, start * size)
  while (at % size > 0) at = addresses.indexOf(address, at + 1)
  return at < 0 ? -1 : at / size
}
