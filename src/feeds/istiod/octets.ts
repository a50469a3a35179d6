import { toOctets } from '../../dns/address.ts'
import { Malformed } from '../../protobuf-reader.ts'
import { readIPv4 } from '../ipv4.ts'

/** More of one family than this are refused: 64 KiB of records hold few thousand. */
const MAX_ADDRESSES = 100_000

/** Addresses that are being collected, one family behind the other: they go from digits to octets without a text for each. */
export class Octets {
  ipv4 = Buffer.allocUnsafe(4 << 10)
  ipv6 = Buffer.allocUnsafe(4 << 10)
  #ends = { ipv4: 0, ipv6: 0 }

  /** The address whose text stands in `bytes` from `start` to `end`. @returns false for any other text @throws {Malformed} there are too many */
  add(bytes: Buffer, start: number, end: number): boolean {
    this.#reserve('ipv4', 4)
    if (readIPv4(bytes, start, end, this.ipv4, this.#ends.ipv4)) {
      this.#ends.ipv4 += 4
      return true
    }
    const octets = toOctets(bytes.toString('latin1', start, end))
    if (!octets) return false
    const family = octets.length === 4 ? 'ipv4' : 'ipv6'
    this.#reserve(family, octets.length)
    this[family].set(octets, this.#ends[family])
    this.#ends[family] += octets.length
    return true
  }

  /** What has come together. */
  take(): { ipv4: string; ipv6: string } {
    const { ipv4, ipv6 } = this.#ends
    this.#ends = { ipv4: 0, ipv6: 0 }
    return { ipv4: this.ipv4.toString('latin1', 0, ipv4), ipv6: this.ipv6.toString('latin1', 0, ipv6) }
  }

  #reserve(family: 'ipv4' | 'ipv6', size: number): void {
    if (this.#ends[family] >= MAX_ADDRESSES * size) throw new Malformed(`more than ${MAX_ADDRESSES} addresses`)
    const held = this[family]
    if (this.#ends[family] + size > held.length) this[family] = Buffer.concat([held], 2 * held.length)
  }
}

/** The addresses that stand one behind the other. */
export function* splitOctets(octets: string, size: 4 | 16): Iterable<string> {
  for (let at = 0; at < octets.length; at += size) yield octets.slice(at, at + size)
}
