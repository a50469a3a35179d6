import { toAddress, toOctets } from '../dns/address.ts'
import { addressRecords } from '../dns/address-records.ts'
import { TYPE } from '../dns/codes.ts'
import { keyBelow } from '../dns/name.ts'
import type { Sections } from '../dns/sections.ts'
import type { Host } from './host.ts'
import type { Known } from './known.ts'

/** The name of one endpoint, or of several that have the same hostname: `db-0.db.default.svc.cluster.local`. */
export class EndpointName implements Known {
  readonly host: Host
  readonly #addresses: readonly string[]
  readonly #compiled = new Map<number, Sections | undefined>()

  constructor(host: Host, addresses: Iterable<string>) {
    this.host = host
    this.#addresses = [...new Set(addresses)]
  }

  get zone(): string {
    return this.host.zone
  }

  records(type: number, key: string): Sections | undefined {
    if (type !== TYPE.A && type !== TYPE.AAAA) return undefined
    if (!this.#compiled.has(type)) {
      const size = type === TYPE.A ? 4 : 16
      const addresses = this.#addresses.filter(({ length }) => length === size)
      this.#compiled.set(type, addressRecords(key, addresses, this.host.options.ttl))
    }
    return this.#compiled.get(type)
  }
}

/** The key of an endpoint's name: its hostname, else its address with dashes, below its host. */
export const endpointKey = (host: string, address: string, hostname: string): string =>
  keyBelow([hostname || addressLabel(address)], host)

/** The label that stands for an address: `10-0-0-1`, `fd00--1`. */
export const addressLabel = (address: string): string => dashed(Buffer.from(address, 'latin1'))

/** The octets of the address that a label such as `10-0-0-1` or `fd00--1` stands for. An address has one label only. */
export function addressOfLabel(label: string): string | undefined {
  const octets = toOctets(label.replaceAll('-', /^\d+-\d+-\d+-\d+$/.test(label) ? '.' : ':'))
  return octets && dashed(octets) === label ? String.fromCharCode(...octets) : undefined
}

/** A label does not end in a hyphen. */
const dashed = (octets: Uint8Array): string => toAddress(octets).replaceAll(/[.:]/g, '-').replace(/-$/, '-0')
