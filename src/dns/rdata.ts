/** Data of records, where it has several fields. */

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
