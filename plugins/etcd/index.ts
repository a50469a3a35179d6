/** *etcd* answers with the services that are kept in an etcd cluster, as SkyDNS has them. */
import { isIP } from 'node:net'
import { basename } from 'node:path'
import type { Credentials } from '#src/credentials.ts'
import { ZoneSet } from '#src/dns/zone-map.ts'
import { dialling } from '#src/forwarding/dialling.ts'
import type { Handler, Instance, Plugin, Query, ServerBlock } from '#src/plugin.ts'
import { Answering } from './answering.ts'
import { Cluster } from './cluster.ts'
import { Directory } from './directory.ts'
import { Member } from './member.ts'
import { type Endpoint, type Options, readOptions } from './options.ts'
import { placeOf } from './path.ts'

export const etcd: Plugin<Options> = {
  name: 'etcd',
  waits: true,
  parse: readOptions,
  create: (options, block) => new Etcd(options, block),
}

class Etcd implements Instance {
  readonly #options: Options
  readonly #block: ServerBlock
  /** Read at once, so that -validate sees what is wrong with them. */
  readonly #credentials: Credentials
  /** How the cluster is reached. */
  readonly #settings: string
  /** Set at the start. */
  #cluster: Cluster | undefined

  constructor(options: Options, block: ServerBlock) {
    const { endpoints, user, tls } = options
    this.#options = options
    this.#block = block
    this.#credentials = block.credentials('etcd', tls ?? [])
    this.#settings = JSON.stringify([endpoints, user, tls !== undefined, this.#credentials])
  }

  adopt(previous: Instance): void {
    if (previous instanceof Etcd && previous.#settings === this.#settings) this.#cluster = previous.#cluster
  }

  async start(): Promise<void> {
    const { endpoints, user } = this.#options
    this.#cluster ??= new Cluster(await Promise.all(endpoints.map(async at => new Member(await this.#reach(at), user))))
    this.#cluster.hold()
  }

  async #reach({ name, place, secure = this.#options.tls !== undefined }: Endpoint) {
    const serverName = 'path' in place ? basename(place.path) : isIP(place.host) ? '' : place.host
    return { to: name, secure, dial: await dialling(place, secure ? this.#credentials : undefined, serverName) }
  }

  wrap(next: Handler): Handler {
    const directory = new Directory(this.#cluster!, this.#options)
    return new Answering(directory, this.#options, this.#block.resolve).handler(next)
  }

  explain({ key }: Query): string[] {
    const { zones, path } = this.#options
    if (!new ZoneSet(zones).has(key)) return ['this is a name in none of its zones']
    return [
      `its records are at and below the key ${placeOf(path, key).path}`,
      ...this.#cluster!.down.map(name => `${name} is down`),
    ]
  }

  async stop(): Promise<void> {
    this.#cluster?.release()
  }
}
