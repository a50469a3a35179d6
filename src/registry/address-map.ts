import { MultiMap } from './multi-map.ts'

/** Values by address, of which most addresses have one. The mass of them are IPv4 addresses: those are looked up by the integers that they are. */
export class AddressMap<T extends object> {
  readonly #ipv4 = new MultiMap<number, T>()
  readonly #ipv6 = new MultiMap<string, T>()

  /** All values of an address (octets). */
  of(address: string): readonly T[] {
    return address.length === 4 ? this.#ipv4.of(integerAt(address, 0)) : this.#ipv6.of(address)
  }

  /** @param addresses one, or several of this size, one behind the other */
  add(addresses: string, value: T, size = addresses.length): void {
    for (let at = 0; at < addresses.length; at += size) {
      if (size === 4) this.#ipv4.add(integerAt(addresses, at), value)
      else this.#ipv6.add(addresses.slice(at, at + size), value)
    }
  }

  /** @param addresses as for {@link add} */
  delete(addresses: string, value: T, size = addresses.length): void {
    for (let at = 0; at < addresses.length; at += size) {
      if (size === 4) this.#ipv4.delete(integerAt(addresses, at), value)
      else this.#ipv6.delete(addresses.slice(at, at + size), value)
    }
  }
}

const integerAt = (octets: string, at: number): number =>
  (octets.charCodeAt(at) << 24) | (octets.charCodeAt(at + 1) << 16) | (octets.charCodeAt(at + 2) << 8) | octets.charCodeAt(at + 3)
