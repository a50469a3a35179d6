/**
 * Numbers for names. The octets of a key are the coefficients of a polynomial, modulo 2³², at a point that nobody outside knows: who chooses
 * names cannot choose their numbers. The number of a name leads to those of the names above it, without their keys.
 */
import { randomBytes } from 'node:crypto'

/** A name, as it is looked up. */
export interface Name {
  /** See `name.ts`. */
  readonly key: string
  /** The number of the key. */
  readonly hash: number
}

/** 5 modulo 8: were it near 1 or −1 modulo a large power of two, names that count up would share numbers (of 10,000, 847 were left in one case of 60,000). */
const BASE = (randomBytes(4).readInt32LE() & ~7) | 5

/** The powers of the base, for each octet of a key. */
export const POWERS = powers(BASE, 256)
/** The powers of what undoes it, up to the length of a label with the octet before it. */
const INVERSES = powers(inverse(BASE), 65)

function powers(base: number, count: number): Int32Array {
  const all = new Int32Array(count).fill(1)
  for (let i = 1; i < count; i++) all[i] = Math.imul(all[i - 1]!, base)
  return all
}

/** Each step doubles the number of bits that are right; of an odd number itself, three are. */
function inverse(odd: number): number {
  let inverse = odd
  for (let right = 3; right < 32; right *= 2) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse))
  return inverse
}

/** The number of a key; 0 for the root's. */
export function hashOf(key: string): number {
  let hash = 0
  for (let i = 0; i < key.length; i++) hash = (hash + Math.imul(key.charCodeAt(i), POWERS[i]!)) | 0
  return hash
}

/** From the number of the name that begins at `at` of a key to that of the name above it, which begins one label later. */
export function hashAbove(hash: number, key: string, at: number): number {
  const length = 1 + key.charCodeAt(at)
  for (let i = 0; i < length; i++) hash = (hash - Math.imul(key.charCodeAt(at + i), POWERS[i]!)) | 0
  return Math.imul(hash, INVERSES[length]!)
}
