import { toOctets } from '../dns/address.ts'
import type { ClientRecord } from './record.ts'

/** The namespaces of clients, by their addresses. */
export class Clients {
  readonly #records = new Map<string, ClientRecord>()

  /** Replaces `previous` with `record`, or removes it. The address of a client that goes may belong to another one already. */
  set(record: ClientRecord | undefined, previous: ClientRecord | undefined): void {
    for (const address of previous?.addresses ?? []) if (this.#records.get(address) === previous) this.#records.delete(address)
    if (record) for (const address of record.addresses) this.#records.set(address, record)
  }

  /** @param address as text @returns `''` where it is not known */
  namespaceOf(address: string): string {
    const octets = toOctets(address)
    return (octets && this.#records.get(String.fromCharCode(...octets))?.namespace) ?? ''
  }
}
