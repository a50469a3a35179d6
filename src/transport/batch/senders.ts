import { toAddress } from '../../dns/address.ts'
import type { Client } from '../../dns/query.ts'
import type { Ring } from './ring.ts'

/** Addresses of a family that are kept as text: the same few clients ask again and again. */
const KNOWN = 4096

const AF_INET6 = 10

/** Reads senders of datagrams in a ring. */
export class Senders {
  readonly #ring: Ring
  readonly #four = new Map<number, string>()
  readonly #six = new Map<string, string>()

  constructor(ring: Ring) {
    this.#ring = ring
  }

  /** The client of the sockaddr from word `at` on. IPv6 sockets take nothing from IPv4 clients, so that there are no mapped addresses. */
  client(at: number): Client {
    const { words } = this.#ring
    const first = words[at]!
    const port = ((first >> 8) & 0xff00) | (first >>> 24)
    return (first & 0xffff) === AF_INET6
      ? { address: this.#addressOfSix((at + 2) * 4), port, family: 6 }
      : { address: this.#addressOfFour(words[at + 1]!), port, family: 4 }
  }

  #addressOfFour(word: number): string {
    const known = this.#four.get(word)
    if (known !== undefined) return known
    const address = `${word & 255}.${(word >> 8) & 255}.${(word >> 16) & 255}.${word >>> 24}`
    if (this.#four.size === KNOWN) this.#four.clear()
    this.#four.set(word, address)
    return address
  }

  #addressOfSix(start: number): string {
    const { octets } = this.#ring
    const key = octets.toString('latin1', start, start + 16)
    const known = this.#six.get(key)
    if (known !== undefined) return known
    const address = toAddress(octets.subarray(start, start + 16))
    if (this.#six.size === KNOWN) this.#six.clear()
    this.#six.set(key, address)
    return address
  }
}
