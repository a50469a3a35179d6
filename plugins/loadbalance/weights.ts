import { readFile } from 'node:fs/promises'
import { formatDuration } from '#src/corefile/duration.ts'
import { toOctets } from '#src/dns/address.ts'
import { toKey } from '#src/dns/name.ts'
import type { Logger } from '#src/plugin.ts'

/** What an address without a line in the file weighs. */
const DEFAULT_WEIGHT = 1

/** Weights by owner (key) and address (octets as a latin1 string). */
type WeightTable = ReadonlyMap<string, ReadonlyMap<string, number>>

/** A weight file, read again and again. */
export class Weights {
  readonly #file: string
  readonly #interval: number
  readonly #log: Logger
  #table: WeightTable = new Map()
  #text = ''
  #timer: NodeJS.Timeout | undefined

  /** @param interval milliseconds between two looks at the file; 0 for one look only */
  constructor(file: string, interval: number, log: Logger) {
    this.#file = file
    this.#interval = interval
    this.#log = log
  }

  /** @throws {Error} the file has an error, or cannot be read and will not be looked at again */
  async start(): Promise<void> {
    try {
      await this.#read()
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException
      if (this.#interval === 0 || code === undefined) throw error
      this.#log.warn(`Failed to open weight file: ${message}. Will try again in ${formatDuration(this.#interval)}`)
    }
    if (this.#interval === 0) return
    this.#timer = setInterval(() => this.#read().catch(error => this.#log.error(error.message)), this.#interval).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Puts one address of `owner` first, each with the odds that its weight gives it. */
  arrange(owner: string, addresses: readonly Uint8Array[]): Uint8Array[] {
    const table = this.#table.get(owner)
    const weights = addresses.map(address => table?.get(octetsText(address)) ?? DEFAULT_WEIGHT)
    let drawn = Math.random() * weights.reduce((sum, weight) => sum + weight, 0)
    let top = 0
    while (drawn >= weights[top]!) drawn -= weights[top++]!
    const arranged = [...addresses]
    ;[arranged[0], arranged[top]] = [addresses[top]!, addresses[0]!]
    return arranged
  }

  async #read(): Promise<void> {
    const text = await readFile(this.#file, 'utf8')
    if (text === this.#text) return
    this.#text = text
    this.#table = parseWeights(text, this.#file)
    this.#log.info(`Successfully reloaded weight file ${this.#file}`)
  }
}

const octetsText = (octets: Uint8Array): string => Buffer.from(octets).toString('latin1')

/**
 * Reads lines that hold a name, and below it lines of an address and its weight from 1 to 255. Empty lines and those that begin with `#` mean nothing.
 * @throws {Error} with the place of the line that cannot be read
 */
export function parseWeights(text: string, file: string): WeightTable {
  const table = new Map<string, Map<string, number>>()
  let weights: Map<string, number> | undefined
  for (const [i, line] of text.split('\n').entries()) {
    const words = line.trim().split(/\s+/)
    if (line.trim() === '' || line.trim().startsWith('#')) continue
    const wrong = (what: string) => new Error(`${file}:${i + 1}: ${what}: '${line.trim()}'`)
    const octets = toOctets(words[0]!)
    if (words.length === 1) {
      if (octets) throw wrong('address without a weight')
      try {
        const key = toKey(words[0]!)
        weights = table.get(key) ?? new Map()
        table.set(key, weights)
      } catch (error) {
        throw wrong((error as Error).message)
      }
      continue
    }
    const weight = Number(words[1])
    if (words.length > 2 || !octets) throw wrong('expected a name, or an address and its weight')
    if (!/^\d+$/.test(words[1]!) || weight < 1 || weight > 255) throw wrong('a weight is a whole number from 1 to 255')
    if (!weights) throw wrong('address before the first name')
    weights.set(octetsText(octets), weight)
  }
  return table
}
