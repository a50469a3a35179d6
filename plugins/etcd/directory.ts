import { EXTENDED_ERROR } from '#src/dns/codes.ts'
import type { Cluster } from './cluster.ts'
import { LookupFailure } from './failure.ts'
import type { KeyValue } from './messages.ts'
import { fits, nameAt, placeOf } from './path.ts'
import { readService, type Service } from './service.ts'

/** For all that is read for one name, in milliseconds. */
const DEADLINE = 5000
/** For how long they last, of the leases of these. The leader knows, and there may be none. */
const PATIENCE = 1000
/** Leases of one range that are asked for how long they last. The records of more are one answer, and the shortest TTL counts. */
const MOST_LEASES = 100

interface DirectoryOptions {
  /** What all keys begin with. */
  readonly path: string
  /** Bounds of the TTLs of leases, in seconds. */
  readonly leaseTtl: { readonly min: number; readonly max: number }
}

/** The services of a cluster, by name. */
export class Directory {
  readonly #cluster: Cluster
  readonly #options: DirectoryOptions
  /** What is being read: who asks meanwhile gets the same. */
  readonly #reading = new Map<string, Promise<readonly Service[] | undefined>>()

  constructor(cluster: Cluster, options: DirectoryOptions) {
    this.#cluster = cluster
    this.#options = options
  }

  /**
   * The services at a name and, unless it is to be `exact`, below it, in the order of their keys.
   * @param name key @returns undefined where there are none; rejects with a LookupFailure
   */
  async find(name: string, exact: boolean): Promise<readonly Service[] | undefined> {
    const { path, pattern } = placeOf(this.#options.path, name)
    const id = `${exact} ${path}`
    const reading = this.#reading.get(id) ?? this.#read(path, exact).finally(() => this.#reading.delete(id))
    this.#reading.set(id, reading)
    const services = await reading
    return pattern && services ? services.filter(({ key }) => fits(key, pattern)) : services
  }

  async #read(path: string, exact: boolean): Promise<readonly Service[] | undefined> {
    const deadline = performance.now() + DEADLINE
    const found = await this.#range(path, exact, deadline)
    if (found.length === 0) return undefined
    const ttls = await this.#leases(found)
    return found.map(({ key, value, lease }) => {
      try {
        return readService(key, value, ttls.get(lease))
      } catch (error) {
        throw new LookupFailure(`${key}: ${(error as Error).message}`, { code: EXTENDED_ERROR.INVALID_DATA })
      }
    })
  }

  async #range(path: string, exact: boolean, deadline: number): Promise<KeyValue[]> {
    if (!exact) {
      const start = path.endsWith('/') ? path : `${path}/`
      // 0 comes behind /.
      const below = await this.#cluster.range(start, `${start.slice(0, -1)}0`, deadline)
      if (below.length > 0) return below
    }
    return this.#cluster.range(path, undefined, deadline)
  }

  /** How long the leases of these last, in seconds; the shortest time where that is not known. */
  async #leases(found: readonly KeyValue[]): Promise<ReadonlyMap<string, number>> {
    const { min, max } = this.#options.leaseTtl
    const deadline = performance.now() + PATIENCE
    const leases = new Set(found.map(({ lease }) => lease))
    leases.delete('')
    const ask = async (lease: string, i: number): Promise<[string, number]> => {
      const left = i < MOST_LEASES ? await this.#cluster.timeToLive(lease, deadline).catch(() => 0) : 0
      return [lease, Math.min(Math.max(left, min), max)]
    }
    return new Map(await Promise.all([...leases].map(ask)))
  }

  /** The name, as key, that a service is at. @throws {LookupFailure} it is none */
  nameOf({ key }: Service): string {
    try {
      return nameAt(this.#options.path, key)
    } catch (error) {
      throw new LookupFailure(`${key}: ${(error as Error).message}`, { code: EXTENDED_ERROR.INVALID_DATA })
    }
  }
}
