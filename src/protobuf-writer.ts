/** Writes Protocol Buffers: a message is the octets of its fields, one behind the other. */

/** One field: text, octets, a message that is written already, or a number that is not negative. */
export function writeField(field: number, value: string | Uint8Array | number): Buffer {
  if (typeof value === 'number') return Buffer.concat([writeNumber(field << 3), writeNumber(value)])
  const octets = typeof value === 'string' ? Buffer.from(value) : value
  return Buffer.concat([writeNumber((field << 3) | 2), writeNumber(octets.length), octets])
}

function writeNumber(value: number): Buffer {
  const octets: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 128)
  return Buffer.from([...octets, rest])
}
