import { LRUCache } from 'lru-cache'
import type { Entry } from './entry.ts'

/** Answers, and everything else. */
export type Half = 'success' | 'denial'

/** What is remembered, least recently used first out. Whether an entry is still good is for the reader to judge. */
export class Store {
  readonly success: LRUCache<string, Entry>
  readonly denial: LRUCache<string, Entry>

  constructor(capacities: Readonly<Record<Half, number>>, previous?: Store) {
    this.success = half(capacities.success, previous?.success)
    this.denial = half(capacities.denial, previous?.denial)
  }

  /** @returns whether another entry had to make room */
  put(half: Half, key: string, entry: Entry): boolean {
    const entries = this[half]
    const evicts = entries.size === entries.max && !entries.has(key)
    entries.set(key, entry)
    return evicts
  }
}

/** `previous` itself where it is as large; else another with as much of it as fits. */
function half(capacity: number, previous?: LRUCache<string, Entry>): LRUCache<string, Entry> {
  if (previous?.max === capacity) return previous
  const entries = new LRUCache<string, Entry>({ max: capacity })
  if (previous) for (const [key, entry] of previous.rentries()) entries.set(key as string, entry as Entry)
  return entries
}
