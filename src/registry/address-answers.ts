import type { AddressRecords } from '../dns/address-records.ts'
import { TYPE } from '../dns/codes.ts'
import { hashOf, type Name } from '../dns/name-hash.ts'
import { NameMap } from '../dns/name-map.ts'

/**
 * Addresses of hosts by name, where they are the answer for every client. They are found without a look at the host and the tree of names, which for
 * many thousand names are in no cache of the processor.
 */
export class AddressAnswers {
  readonly #ipv4 = new NameMap<AddressRecords>()
  readonly #ipv6 = new NameMap<AddressRecords>()

  /** The records of a name; undefined if its host must be asked. */
  get({ key, hash }: Name, type: number): AddressRecords | undefined {
    return type === TYPE.A ? this.#ipv4.get(key, hash) : type === TYPE.AAAA ? this.#ipv6.get(key, hash) : undefined
  }

  /** @param size octets of an address */
  set(key: string, size: 4 | 16, records: AddressRecords): void {
    const answers = size === 4 ? this.#ipv4 : this.#ipv6
    answers.set(key, records)
  }

  delete(key: string): void {
    const hash = hashOf(key)
    this.#ipv4.delete(key, hash)
    this.#ipv6.delete(key, hash)
  }
}
