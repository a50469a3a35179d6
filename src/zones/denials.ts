import { labelsOf } from '../dns/name.ts'
import type { Node } from './node.ts'

/** The names of a signed zone in their order (RFC 4034 §6.1), each with the NSEC record that tells what the next one is. */
export class Denials {
  readonly #entries: { readonly order: string; readonly node: Node }[] = []

  add(node: Node): void {
    this.#entries.push({ order: orderOf(node.key), node })
  }

  /** To be called when all names are there. Signers write them in order, or nearly so. */
  sort(): void {
    this.#entries.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0))
  }

  /** The last name that is not behind `key`: its NSEC record tells whether that exists. */
  before(key: string): Node | undefined {
    const order = orderOf(key)
    let [low, high] = [0, this.#entries.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#entries[middle]!.order <= order) low = middle + 1
      else high = middle
    }
    return this.#entries[low - 1]?.node
  }
}

/** A text that compares as the name does: the last label first, and a label's end before any octet. */
export const orderOf = (key: string): string =>
  labelsOf(key)
    .reverse()
    .map(label => `${label.replaceAll('\x01', '\x01\x02').replaceAll('\0', '\x01\x01')}\0`)
    .join('')
