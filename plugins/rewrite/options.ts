import { findOption } from '#src/dns/message.ts'
import { MOST_UPSTREAM_OPTIONS, type Query, writeOption } from '#src/dns/query.ts'
import { readUint16 } from '#src/dns/sections.ts'

/** The EDNS options of a question, as rules leave them. Options that no rule is about are not sent on. */
export class Options {
  readonly #query: Query
  /** By code; undefined for one that was taken away. */
  readonly #options = new Map<number, Uint8Array | undefined>()
  /** Codes of the options that the client gets back. */
  readonly #returned = new Set<number>()
  /** The former values of options that the client gets back unchanged; the last is undone first. */
  readonly #reverts: (readonly [code: number, data: Uint8Array | undefined])[] = []
  /** A rule did something. */
  isChanged = false

  constructor(query: Query) {
    this.#query = query
    // Of a question that the server asks itself, on behalf of one that rules were at before.
    const octets = Buffer.from(query.upstreamOptions, 'latin1')
    for (let at = 0; at < octets.length; at += 4 + readUint16(octets, at + 2))
      this.#options.set(readUint16(octets, at), octets.subarray(at + 4, at + 4 + readUint16(octets, at + 2)))
  }

  get(code: number): Uint8Array | undefined {
    if (this.#options.has(code)) return this.#options.get(code)
    return this.#query.edns && findOption(this.#query.edns, code)
  }

  /**
   * @param returned whether the client gets it back, as *whoami* and others would send it
   * @returns false where there would be too much
   */
  set(code: number, data: Uint8Array | undefined, { returned, revert }: { returned: boolean; revert: boolean }): boolean {
    const before = this.get(code)
    const had = this.#options.get(code)
    this.#options.set(code, data)
    if (this.upstream.length > MOST_UPSTREAM_OPTIONS) {
      this.#options.set(code, had)
      return false
    }
    if (returned) this.#returned.add(code)
    if (revert) this.#reverts.push([code, before])
    this.isChanged = true
    return true
  }

  /** What goes along to other servers. */
  get upstream(): string {
    return write(this.#options)
  }

  /** What goes back to the client. */
  get returned(): Uint8Array {
    const options = new Map(Array.from(this.#returned, code => [code, this.#options.get(code)]))
    for (const [code, data] of this.#reverts.toReversed()) if (options.has(code)) options.set(code, data)
    return Buffer.from(write(options), 'latin1')
  }
}

function write(options: ReadonlyMap<number, Uint8Array | undefined>): string {
  let octets = ''
  for (const [code, data] of options) if (data) octets += writeOption(code, data).toString('latin1')
  return octets
}
