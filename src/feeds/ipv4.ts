const DOT = 46
const ZERO = 48

/**
 * The octets of an IPv4 address, out of the text that stands in `text` from `start` to `end`.
 * @returns whether it is one; if not, what stands in `into` from `at` on is of no meaning
 */
export function readIPv4(text: Uint8Array, start: number, end: number, into: Uint8Array, at: number): boolean {
  let octets = 0
  let value = -1
  for (let i = start; i <= end; i++) {
    const character = i === end ? DOT : text[i]!
    if (character === DOT) {
      if (value < 0 || value > 255 || octets === 4) return false
      into[at + octets++] = value
      value = -1
    } else if (character < ZERO || character > ZERO + 9 || value === 0) return false
    else value = Math.max(value, 0) * 10 + character - ZERO
  }
  return octets === 4
}
