import { toOctets } from './address.ts'

/** The addresses of one family that begin with the same bits. */
export class Subnet {
  /** Those behind the prefix do not count. */
  readonly octets: Uint8Array
  /** The length of the prefix. */
  readonly bits: number

  private constructor(octets: Uint8Array, bits: number) {
    this.octets = octets
    this.bits = bits
  }

  /** Undefined when the text is no CIDR such as `192.0.2.0/24`; bits of the address behind the prefix do not count. */
  static parse(text: string): Subnet | undefined {
    const [, address = '', digits] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
    const octets = toOctets(address)
    return octets && Number(digits) <= octets.length * 8 ? new Subnet(octets, Number(digits)) : undefined
  }

  has(address: Uint8Array): boolean {
    if (address.length !== this.octets.length) return false
    const whole = this.bits >> 3
    for (let i = 0; i < whole; i++) if (address[i] !== this.octets[i]) return false
    const differing = (address[whole] ?? 0) ^ (this.octets[whole] ?? 0)
    return differing >> (8 - (this.bits & 7)) === 0
  }
}
