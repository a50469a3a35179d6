import { once } from 'node:events'
import { resolve } from 'node:path'
import { Complaints } from '#src/feeds/complaints.ts'
import { type Database, databases } from '#src/feeds/geoip/databases.ts'
import type { GeoData } from '#src/feeds/geoip/geo-data.ts'
import type { Instance, Logger, MetadataReader, Query, ServerBlock } from '#src/plugin.ts'
import { clientSubnet } from './client-subnet.ts'
import { FACTS } from './facts.ts'

export interface Options {
  readonly path: string
  /** Whether the network that a resolver asks for counts, rather than the address of the resolver. */
  bySubnet: boolean
}

export class GeoIp implements Instance {
  readonly #options: Options
  readonly #block: ServerBlock
  readonly #log: Logger
  readonly #complaints: Complaints
  #database: Database | undefined

  constructor(options: Options, block: ServerBlock) {
    this.#options = options
    this.#block = block
    this.#log = block.log('geoip')
    this.#complaints = new Complaints(line => this.#log.error(line))
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#database = await databases.open(this.#log, resolve(this.#block.root, this.#options.path))
    // Where the main thread cannot open it, another one would wait for ever.
    await Promise.race([this.#database.caughtUp, signal.aborted || once(signal, 'abort')])
  }

  metadata(label: string): MetadataReader | undefined {
    const fact = FACTS.get(label)
    if (!fact) return undefined
    return query => {
      const data = this.#database?.data
      if (data?.subject !== fact.subject) return undefined
      const record = this.#recordOf(query, data)
      return record === undefined ? undefined : fact.read(record)
    }
  }

  #recordOf(query: Query, data: GeoData): unknown {
    const address = (this.#options.bySubnet ? clientSubnet(query) : undefined) ?? query.client.address
    try {
      return data.find(address)
    } catch (error) {
      this.#complaints.add(`${this.#options.path}: nothing is known of ${address}: ${(error as Error).message}`)
      return undefined
    }
  }

  async stop(): Promise<void> {
    this.#complaints.end()
    if (this.#database) await databases.leave(this.#database)
    this.#database = undefined
  }
}
