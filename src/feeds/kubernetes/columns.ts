import { readIPv4 } from '../ipv4.ts'
import type * as mesh from '../objects/mesh-objects.ts'
import type { EndpointSlice } from './objects.ts'

/** What is kept only where somebody asked for it. */
export interface Details {
  /** The pod of each endpoint. */
  readonly pods: boolean
  /** The zone of each endpoint. */
  readonly zones: boolean
  /** All that makes Pods endpoints: labels, readiness, hostname and ports. */
  readonly workloads: boolean
}

/** Addresses that are being collected; there is one slice at a time. */
let octets = Buffer.allocUnsafe(16 << 10)

/** The ready endpoints of one slice, put together column by column. */
export class Columns {
  readonly details: Details
  readonly #size: 4 | 16
  #length = 0
  /** Where the addresses of the present endpoint begin. */
  #start = 0
  /** Undefined as long as no endpoint has one. */
  #hostnames: string[] | undefined
  /** Undefined where nobody asked. */
  readonly #pods: string[] | undefined
  readonly #zones: string[] | undefined

  constructor(size: 4 | 16, details: Details) {
    this.#size = size
    this.details = details
    if (details.pods) this.#pods = []
    if (details.zones) this.#zones = []
  }

  /** An address of the present endpoint. */
  address(address: string): void {
    this.#reserve()
    octets.write(address, this.#length, 'latin1')
    this.#length += this.#size
  }

  /** The same, out of the text that it is. @returns false, and nothing done, for text that is no IPv4 address */
  digits(text: Buffer, start: number, end: number): boolean {
    this.#reserve()
    const read = readIPv4(text, start, end, octets, this.#length)
    if (read) this.#length += 4
    return read
  }

  /** The present endpoint is ready, and this is known of it; `''` for what is not. */
  keep(hostname: string, pod: string, zone: string): void {
    if (hostname !== '') this.#hostnames ??= Array<string>(this.#start / this.#size).fill('')
    for (; this.#start < this.#length; this.#start += this.#size) {
      this.#hostnames?.push(hostname)
      this.#pods?.push(pod)
      this.#zones?.push(zone)
    }
  }

  /** The present endpoint is left out. */
  drop(): void {
    this.#length = this.#start
  }

  /** What there is, of `slice` at this version. */
  finish(slice: mesh.EndpointSlice, version: string): EndpointSlice {
    const hostnames = this.#hostnames
    const pods = this.#pods
    const zones = this.#zones
    const addresses = octets.toString('latin1', 0, this.#length)
    const { ports, size } = slice.group
    const whole: EndpointSlice = {
      kind: 'EndpointSlice',
      namespace: slice.namespace,
      name: slice.name,
      service: slice.service,
      group: hostnames ? { ports, size, addresses, hostnames } : { ports, size, addresses },
      version,
    }
    return pods || zones ? { ...whole, ...(pods && { pods }), ...(zones && { zones }) } : whole
  }

  #reserve(): void {
    if (this.#length + this.#size > octets.length) octets = Buffer.concat([octets], 2 * octets.length)
  }
}
