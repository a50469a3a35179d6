import { toKey } from '#src/dns/name.ts'
import { hashOf } from '#src/dns/name-hash.ts'

/**
 * Two names with the same hash, or whose hashes differ in the bits of `difference`: among 100,000 of seven letters or digits by chance there is a pair with any secret,
 * among millions that are counted with few.
 */
export function twins(difference = 0): [string, string] {
  const seen = new Map<number, string>()
  for (let i = 0; ; i++) {
    const text = `${(Math.imul(i, 0x9e3779b1) >>> 0).toString(36)}.example.org.`
    const hash = hashOf(toKey(text))
    const twin = seen.get(hash ^ difference)
    if (twin !== undefined) return [twin, text]
    seen.set(hash, text)
  }
}
