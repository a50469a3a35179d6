import { toOctets } from '#src/dns/address.ts'
import { hashOf } from '#src/dns/name-hash.ts'
import type { Client } from '#src/dns/query.ts'

/** How many addresses are remembered with their network: mostly the same few clients ask. */
const KNOWN = 4096

/** The hash of each client's network. */
export class Networks {
  readonly #bits: { readonly 4: number; readonly 6: number }
  readonly #known = new Map<string, number>()

  /** @param bits lengths of the prefixes, by family */
  constructor(bits: { readonly 4: number; readonly 6: number }) {
    this.#bits = bits
  }

  of(client: Client): number {
    return this.#known.get(client.address) ?? this.#learn(client)
  }

  #learn({ address, family }: Client): number {
    const bits = this.#bits[family]
    const octets = toOctets(address)!.map((octet, i) => octet & (0xff00 >> Math.min(Math.max(bits - 8 * i, 0), 8)))
    const network = hashOf(String.fromCharCode(...octets))
    if (this.#known.size === KNOWN) this.#known.clear()
    this.#known.set(address, network)
    return network
  }
}
