/** Which types there are, as NSEC records say it (RFC 4034 §4.1.2): octets, one character each. */
export function typeBitmap(types: Iterable<number>): string {
  const windows = new Map<number, number[]>()
  for (const type of types) {
    const window = windows.get(type >> 8) ?? []
    windows.set(type >> 8, window)
    const index = (type & 255) >> 3
    while (window.length <= index) window.push(0)
    window[index]! |= 0x80 >> (type & 7)
  }
  return [...windows]
    .sort(([a], [b]) => a - b)
    .map(([number, octets]) => String.fromCharCode(number, octets.length, ...octets))
    .join('')
}
