import type { Line } from '../corefile/directive.ts'
import { Subnet } from '../dns/subnet.ts'

/** In octets (RFC 6052 §2.2). */
const LENGTHS = [4, 5, 6, 7, 8, 12]

/** Bits 64 to 71, which are 0 (RFC 6052 §2.2). */
const RESERVED = 8

/** What stands before IPv4 addresses in IPv6 addresses that are made of them. */
export class Ipv4Prefix {
  static readonly WELL_KNOWN = new Ipv4Prefix(Uint8Array.of(0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0))
  readonly #octets: Uint8Array

  private constructor(octets: Uint8Array) {
    this.#octets = octets
  }

  /** The next argument. @throws {Problem} */
  static read(line: Line): Ipv4Prefix {
    const text = line.text('PREFIX')
    const subnet = Subnet.parse(text)
    if (subnet?.octets.length !== 16) throw line.problem(`PREFIX must be an IPv6 prefix such as 64:ff9b::/96: '${text}'`)
    if (!LENGTHS.includes(subnet.bits / 8)) throw line.problem(`PREFIX must be of 32, 40, 48, 56, 64 or 96 bits: '${text}'`)
    return new Ipv4Prefix(Uint8Array.from(subnet.octets.subarray(0, subnet.bits / 8)))
  }

  /** Whether bits that are to be 0 are. */
  get isLegal(): boolean {
    return (this.#octets[RESERVED] ?? 0) === 0
  }

  /** An IPv4 address behind the prefix. */
  embed(address: Uint8Array): Uint8Array {
    const octets = new Uint8Array(16)
    octets.set(this.#octets)
    for (const [i, at] of this.#places.entries()) octets[at] = address[i]!
    return octets
  }

  /** The IPv4 address in an IPv6 address; undefined if there is none. */
  extract(address: Uint8Array): Uint8Array | undefined {
    if (address[RESERVED] !== 0 || this.#octets.some((octet, i) => octet !== address[i])) return undefined
    return Uint8Array.from(this.#places, at => address[at]!)
  }

  /** Where the octets of an IPv4 address stand. */
  get #places(): number[] {
    const first = this.#octets.length
    return [0, 1, 2, 3].map(i => (first <= RESERVED && first + i >= RESERVED ? first + i + 1 : first + i))
  }
}
