import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** How a body does not get through as it should: in pieces of so many octets, a millisecond apart, or up to so many octets. */
export type Damage = { readonly dripping: number } | { readonly breakAfter: number }

/** A body on its way. */
export class Body {
  readonly #out: ServerResponse
  readonly #damage: Damage | undefined
  #sent = 0
  #last: Promise<void> = Promise.resolve()

  constructor(out: ServerResponse, damage: Damage | undefined) {
    this.#out = out
    this.#damage = damage
  }

  write(octets: Buffer): void {
    const damage = this.#damage
    if (damage && 'dripping' in damage) this.#last = this.#last.then(() => this.#drip(octets, damage.dripping))
    else if (damage && this.#sent + octets.length >= damage.breakAfter) {
      this.#out.write(octets.subarray(0, Math.max(0, damage.breakAfter - this.#sent)))
      // What was written first is to arrive.
      setTimeout(() => this.#out.destroy(), 20)
    } else this.#out.write(octets)
    this.#sent += octets.length
  }

  end(): void {
    this.#last.then(() => this.#out.end())
  }

  async #drip(octets: Buffer, size: number): Promise<void> {
    for (let at = 0; at < octets.length; at += size) {
      this.#out.write(octets.subarray(at, at + size))
      await sleep(1)
    }
  }
}
