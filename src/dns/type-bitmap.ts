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

/** The types of such a bitmap that is whole, in their order. */
export function typesOf(bitmap: string): number[] {
  const types: number[] = []
  for (let at = 0; at < bitmap.length; at += 2 + bitmap.charCodeAt(at + 1))
    for (let bit = 0; bit < 8 * bitmap.charCodeAt(at + 1); bit++)
      if (bitmap.charCodeAt(at + 2 + (bit >> 3)) & (0x80 >> (bit & 7))) types.push((bitmap.charCodeAt(at) << 8) | bit)
  return types
}
