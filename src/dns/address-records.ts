import { Buffer } from 'node:buffer'
import { TYPE } from './codes.ts'
import { exchange, Sections } from './sections.ts'

/** Octets of a record before its rdata, its owner being a pointer to the question's name. */
const HEAD = 12

/** More octets of records do not fit a message, whatever the transport. */
const MAX_OCTETS = 64_000

/** `latin1Write` of a buffer, which takes any array of octets. */
const { latin1Write } = Buffer.prototype as unknown as {
  latin1Write(this: Uint8Array, text: string, at: number, length: number): number
}

/** Addresses of the question's name, all of one family. Of many thousand names there is no array of octets, and no list of where in it addresses stand. */
export class AddressRecords extends Sections {
  readonly #octets: string

  /**
   * @param key of the question
   * @param octets see {@link addressOctets}; at least one record
   */
  constructor(key: string, octets: string) {
    super(undefined, octets.length / (HEAD + octets.charCodeAt(HEAD - 1)), 0, 0, 16 + key.length, octets.length)
    this.#octets = octets
  }

  override write(target: Uint8Array, at: number): void {
    latin1Write.call(target, this.#octets, at, this.length)
  }

  override shuffle(target: Uint8Array, at: number): void {
    const stride = this.length / this.answers
    const size = stride - HEAD
    for (let left = this.answers, last = at + this.length - size; left > 1; left--, last -= stride)
      exchange(target, last, at + HEAD + ((Math.random() * left) | 0) * stride, size)
  }
}

/** The A or AAAA records of a name; undefined without addresses. */
export function addressRecords(key: string, addresses: readonly string[], ttl: number): AddressRecords | undefined {
  const octets = addressOctets(addresses, ttl)
  return octets === '' ? undefined : new AddressRecords(key, octets)
}

/** The first of these addresses that are of one size, each once, as many as fit a message: of a large host, most are not looked at. */
export function fittingAddresses(addresses: Iterable<string>, size: 4 | 16): string[] {
  const fitting = new Set<string>()
  const most = Math.floor(MAX_OCTETS / (HEAD + size))
  for (const address of addresses) {
    if (address.length === size) fitting.add(address)
    if (fitting.size === most) break
  }
  return [...fitting]
}

/** The A or AAAA records of any name that is the question's, as octets: those of the addresses that fit a message; `''` without addresses. */
export function addressOctets(addresses: readonly string[], ttl: number): string {
  const size = addresses[0]?.length ?? 0
  const stride = HEAD + size
  const octets = Buffer.alloc(stride * Math.min(addresses.length, Math.floor(MAX_OCTETS / stride)))
  for (let i = 0, at = 0; at < octets.length; i++, at += stride) {
    octets.writeUInt16BE(0xc00c, at)
    octets.writeUInt16BE(size === 4 ? TYPE.A : TYPE.AAAA, at + 2)
    octets.writeUInt16BE(1, at + 4)
    octets.writeUInt32BE(ttl, at + 6)
    octets.writeUInt16BE(size, at + 10)
    octets.write(addresses[i]!, at + HEAD, 'latin1')
  }
  return octets.toString('latin1')
}
