import { ROOT } from '#src/dns/name.ts'
import type { Options } from './options.ts'

/** A zone, and the name servers that it names. */
export class Zone {
  readonly key: string
  /** Keys: this server first. */
  readonly servers: readonly string[]

  constructor(key: string, { apex, secondary }: Options) {
    this.key = key
    this.servers = secondary ? [apex(key), secondary(key)] : [apex(key)]
  }

  /** The key of the labels that a name in the zone has before it. */
  bare(key: string): string {
    return key.slice(0, key.length - this.key.length) + ROOT
  }
}
