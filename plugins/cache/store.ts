import { LRUCache } from 'lru-cache'
import { hashOf } from '#src/dns/name-hash.ts'
import type { Query } from '#src/plugin.ts'
import { type Entry, variantOf } from './entry.ts'

/** Answers, and everything else. */
export type Half = 'success' | 'denial'

/** What is remembered, least recently used first out. Whether an entry is still good is for the reader to judge. */
export class Store {
  readonly success: Entries
  readonly denial: Entries

  constructor(capacities: Readonly<Record<Half, number>>, previous?: Store) {
    this.success = half(capacities.success, previous?.success)
    this.denial = half(capacities.denial, previous?.denial)
  }

  get(half: Half, query: Query): Entry | undefined {
    const entry = this[half].get(numberOf(query))
    return entry?.answers(query) ? entry : undefined
  }

  /** @returns whether another entry had to make room */
  put(half: Half, query: Query, entry: Entry): boolean {
    const entries = this[half]
    const number = numberOf(query)
    const before = entries.peek(number)
    const evicts = before ? !before.answers(query) : entries.size === entries.max
    entries.set(number, entry)
    return evicts
  }

  delete(half: Half, query: Query): void {
    if (this.get(half, query)) this[half].delete(numberOf(query))
  }
}

/**
 * By numbers, since V8 puts each string that a Map is asked for into its table of all strings. Two of ten thousand entries have one number with one secret
 * in a hundred (see `name-hash.ts`): they take the place of each other.
 */
type Entries = LRUCache<number, Entry>

/** A small integer, the quickest of a Map's keys. Nobody outside can choose two names whose numbers are the same. */
function numberOf(query: Query): number {
  const number = query.hash ^ (query.type << 16) ^ (query.class << 12) ^ variantOf(query)
  return query.upstreamOptions === '' ? number : number ^ hashOf(query.upstreamOptions)
}

/** `previous` itself where it is as large; else another with as much of it as fits. */
function half(capacity: number, previous?: Entries): Entries {
  if (previous?.max === capacity) return previous
  const entries: Entries = new LRUCache({ max: capacity })
  if (previous) for (const [number, entry] of previous.rentries()) entries.set(number as number, entry as Entry)
  return entries
}
