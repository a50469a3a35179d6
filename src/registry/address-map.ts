/** Values by address, of which most addresses have one. The mass of them are IPv4 addresses: those are looked up by the integers that they are. */
export class AddressMap<T extends object> {
  readonly #ipv4 = new Map<number, T | readonly T[]>()
  readonly #ipv6 = new Map<string, T | readonly T[]>()

  /** All values of an address (octets). */
  of(address: string): readonly T[] {
    const held = address.length === 4 ? this.#ipv4.get(integerOf(address)) : this.#ipv6.get(address)
    return held === undefined ? [] : Array.isArray(held) ? held : [held as T]
  }

  add(address: string, value: T): void {
    const others = this.of(address)
    if (!others.includes(value)) this.#set(address, [...others, value])
  }

  delete(address: string, value: T): void {
    this.#set(
      address,
      this.of(address).filter(other => other !== value),
    )
  }

  #set(address: string, values: readonly T[]): void {
    const held = values.length === 1 ? values[0]! : values
    if (address.length === 4) put(this.#ipv4, integerOf(address), held)
    else put(this.#ipv6, address, held)
  }
}

function put<K, T>(map: Map<K, T | readonly T[]>, key: K, held: T | readonly T[]): void {
  if (Array.isArray(held) && held.length === 0) map.delete(key)
  else map.set(key, held)
}

const integerOf = (address: string): number =>
  (address.charCodeAt(0) << 24) | (address.charCodeAt(1) << 16) | (address.charCodeAt(2) << 8) | address.charCodeAt(3)
