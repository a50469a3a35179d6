import type { Sections } from '../dns/sections.ts'
import type { Host } from './host.ts'
import type { Target } from './record.ts'

/** What only the DNS can say of a name that the registry knows. */
export type Beyond =
  /** The name is another name of this one. */
  | { readonly kind: 'alias'; readonly target: string }
  /** Some of its endpoints are names. */
  | { readonly kind: 'targets'; readonly targets: readonly Target[] }
  /** The DNS has its addresses, under the same name. */
  | { readonly kind: 'elsewhere' }

/** A name that exists. */
export interface Known {
  /** The key of the zone that it is in, whose SOA stands in negative answers. */
  readonly zone: string
  /** The host that the name is one of; undefined where there is none, or there are several. */
  readonly host?: Host | undefined
  /** Set where `records` is not all there is to answer. */
  readonly beyond?: Beyond | undefined
  /** Its records of a type; undefined where it has none. @param key the name asked for, which differs under a wildcard */
  records(type: number, key: string): Sections | undefined
}

/** A name that exists because there are names below it (RFC 8020), and has nothing itself. */
export class EmptyName implements Known {
  readonly host: Host

  constructor(host: Host) {
    this.host = host
  }

  get zone(): string {
    return this.host.zone
  }

  records(): undefined {}
}
