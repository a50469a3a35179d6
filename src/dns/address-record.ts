import { TYPE } from './codes.ts'
import { Sections } from './sections.ts'

/** Octets of a record before its rdata, its owner being a pointer to the question's name. */
const HEAD = 12

/** An address of the question's name, written from what is held of it anyhow: of a hundred thousand names there is no other object or octet. */
export class AddressRecord extends Sections {
  readonly #ttl: number
  readonly #octets: string

  /**
   * @param key of the question
   * @param ttl in seconds
   * @param octets of the address, 4 or 16
   */
  constructor(key: string, ttl: number, octets: string) {
    super(undefined, 1, 0, 0, 16 + key.length, HEAD + octets.length)
    this.#ttl = ttl
    this.#octets = octets
  }

  override write(target: Uint8Array, at: number): void {
    const octets = this.#octets
    const ttl = this.#ttl
    target[at] = 0xc0
    target[at + 1] = 12
    target[at + 2] = 0
    target[at + 3] = octets.length === 4 ? TYPE.A : TYPE.AAAA
    target[at + 4] = 0
    target[at + 5] = 1
    target[at + 6] = ttl >>> 24
    target[at + 7] = ttl >>> 16
    target[at + 8] = ttl >>> 8
    target[at + 9] = ttl
    target[at + 10] = 0
    target[at + 11] = octets.length
    for (let i = 0; i < octets.length; i++) target[at + HEAD + i] = octets.charCodeAt(i)
  }
}
