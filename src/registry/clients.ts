import { toOctets } from '../dns/address.ts'
import type { ClientRecord } from './record.ts'

/** The namespaces of clients, by their addresses. Those of one cluster may be those of another one, too: the first source that has one counts. */
export class Clients {
  /** By source. */
  readonly #records: (Map<string, ClientRecord> | undefined)[] = []

  /** Replaces `previous` with `record`, or removes it. The address of a client that goes may belong to another one already. */
  set(source: number, record: ClientRecord | undefined, previous: ClientRecord | undefined): void {
    this.#records[source] ??= new Map()
    const records = this.#records[source]
    for (const address of previous?.addresses ?? []) if (records.get(address) === previous) records.delete(address)
    if (record) for (const address of record.addresses) records.set(address, record)
  }

  /** @param address as text @returns `''` where it is not known */
  namespaceOf(address: string): string {
    const octets = toOctets(address)
    if (!octets) return ''
    const key = String.fromCharCode(...octets)
    const records = this.#records.find(each => each?.has(key))
    return records?.get(key)?.namespace ?? ''
  }
}
