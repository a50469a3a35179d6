/** A record of a zone, in class IN. */
export interface ZoneRecord {
  /** Key. */
  readonly owner: string
  readonly type: number
  /** In seconds. */
  readonly ttl: number
  /** Octets, one character each; no name in it is compressed. */
  readonly data: string
}

/** A zone as it is at one moment: what changes later does not change it. */
export interface ZoneVersion {
  readonly serial: number
  /** Every record once, the SOA record first. */
  records(): Iterable<ZoneRecord>
}
