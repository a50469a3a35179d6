import { LRUCache } from 'lru-cache'
import { Reader } from 'mmdb-lib'

/** What the records of a database are about. */
export type Subject = 'place' | 'network'

/** Types of databases, as their metadata names them, whose records have the fields of MaxMind's. */
const TYPES: readonly (readonly [pattern: RegExp, subject: Subject])[] = [
  [/City|Country|Enterprise|Location/, 'place'],
  [/ASN|^GeoIP2(-Precision)?-ISP$/, 'network'],
]

/** The metadata begins behind the last of these, in the last octets of the file. */
const MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')
export const MOST_METADATA = 128 << 10
const VERSION = 2
/** Zeros between the tree and the data, in octets. */
const SEPARATOR = 16

/** Parts of records that are kept as objects, for each database and thread: fields of a country are the same in all its records. */
const MOST_PARTS = 1000

/** @param tail the last octets of a file, at most {@link MOST_METADATA} @throws where they show that it is no database */
export function checkTail(tail: Buffer): void {
  if (!tail.includes(MARKER)) throw new Error('not a MaxMind database, or an incomplete one')
}

/** What a database says (https://maxmind.github.io/MaxMind-DB/), on memory that threads can share. */
export class GeoData {
  readonly octets: SharedArrayBuffer
  readonly subject: Subject
  readonly #reader: Reader<never>

  /** @param octets of the whole file @throws why it is no database that is of use */
  constructor(octets: SharedArrayBuffer) {
    const file = Buffer.from(octets)
    checkTail(file.subarray(-MOST_METADATA))
    const end = file.lastIndexOf(MARKER)
    this.octets = octets
    this.#reader = readerOf(file)
    const { binaryFormatMajorVersion: version, databaseType, searchTreeSize } = this.#reader.metadata
    if (version !== VERSION) throw new Error(`a database of format ${version}, not ${VERSION}`)
    const separator = file.subarray(searchTreeSize, searchTreeSize + SEPARATOR)
    if (!(searchTreeSize + SEPARATOR <= end) || separator.some(octet => octet !== 0))
      throw new Error('a damaged database: its search tree does not end where its metadata says')
    const subject = TYPES.find(([pattern]) => pattern.test(databaseType))?.[1]
    if (!subject) throw new Error(`a database of type '${databaseType}', which has neither cities, countries nor AS numbers`)
    this.subject = subject
  }

  /**
   * The record of the network that an address is in; null where it has none, undefined where the database has no addresses of the family.
   * @throws what is wrong with the data
   */
  find(address: string): unknown {
    return this.#reader.metadata.ipVersion === 4 && address.includes(':') ? undefined : this.#reader.get(address)
  }
}

function readerOf(file: Buffer): Reader<never> {
  try {
    return new Reader<never>(file, { cache: new LRUCache<string | number, object>({ max: MOST_PARTS }) })
  } catch (error) {
    throw new Error(`a damaged database: ${(error as Error).message}`)
  }
}
