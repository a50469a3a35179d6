/** How datagrams reach the plugins: in batches, one by one, or through one of several threads. What is to hold for every message is tried with each. */
export interface WayIn {
  readonly name: string
  /** Of the command line. */
  readonly args: readonly string[]
  /** For the server block. */
  readonly line: string
}

export const waysIn: readonly WayIn[] = [
  { name: 'in batches', args: ['-udp', 'batch'], line: '' },
  { name: 'one by one', args: ['-udp', 'dgram'], line: '' },
  { name: 'to three threads', args: [], line: 'multisocket 3' },
]
