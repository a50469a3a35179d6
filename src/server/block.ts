/** A server block with instances of its plugins. */
import type { ConnectionBounds } from '../corefile/connection-bounds.ts'
import type { Token } from '../corefile/problem.ts'
import type { Credentials } from '../credentials.ts'
import { OPCODE } from '../dns/codes.ts'
import type { Query } from '../dns/query.ts'
import { onReply, type Reply } from '../dns/reply.ts'
import type { ZoneSet } from '../dns/zone-map.ts'
import type { ZoneVersion } from '../dns/zone-version.ts'
import { type Logger, pluginLogger } from '../log.ts'
import type { Handler, Instance, MetadataReader, Plugin, Server, ServerBlock, Unready, View } from '../plugin.ts'
import { ask, type Site } from '../server.ts'
import type { Certificates } from './certificates.ts'
import type { Stage } from './chain.ts'
import type { Configuration } from './configuration.ts'
import { type Place, placeLabel } from './listeners.ts'

/** Asks the zones that the query's listener serves now, which a reload may have changed. */
const resolve: Handler = query => ask(query, (query.listener as Site).zones)

export class Block implements ServerBlock {
  readonly zones: readonly string[]
  readonly server: Server
  root = ''
  debug = false
  stacktrace = false
  readonly bind: string[] = []
  cluster: ServerBlock['cluster']
  metadataZones: ZoneSet | undefined
  sockets: number | undefined
  readonly limits: ServerBlock['limits'] = {}
  readonly bounds: ServerBlock['bounds'] = { https: {}, grpc: {} }
  headers: ServerBlock['headers']
  tls: ServerBlock['tls']
  keys: ServerBlock['keys']
  readonly taps: ServerBlock['taps'] = []
  view: View | undefined
  notify: ServerBlock['notify'] = () => {}
  readonly chain: readonly string[]
  readonly resolve = resolve
  readonly stages: readonly Stage[]
  /** Identifies the block over a reload: its first zone, the place where it serves that first, and its view. */
  readonly identity: string
  readonly otherClasses: boolean
  readonly updates: boolean
  readonly #labels: Configuration['labels']
  readonly #certificates: Certificates
  readonly #log: Logger

  constructor({ labels, zones, uses }: Configuration, server: Server, certificates: Certificates, log: Logger) {
    this.#labels = labels
    this.zones = zones
    this.server = server
    this.#certificates = certificates
    this.#log = log
    this.chain = uses.map(({ plugin }) => plugin.name)
    this.otherClasses = uses.some(({ plugin }) => plugin.otherClasses)
    this.updates = uses.some(({ plugin }) => plugin.updates)
    this.stages = uses.map(({ plugin, options, word }) => ({
      name: plugin.name,
      word,
      instance: this.#create(plugin, options, word),
      waits: plugin.waits === true,
      authoritative: plugin.authoritative === true,
    }))
    const { zone, place } = this.places[0]!
    this.identity = JSON.stringify([zone, placeLabel(place), this.view?.name])
  }

  #create(plugin: Plugin, options: unknown, word: Token): Instance {
    try {
      return plugin.create(options, this)
    } catch (error) {
      throw placed(word, error)
    }
  }

  get viewName(): string {
    return this.view?.name ?? ''
  }

  /** Each zone with each place where it is served, and the label in the Corefile that says so. */
  get places(): { zone: string; place: Place; token: Token }[] {
    const addresses = this.bind.length > 0 ? this.bind : ['']
    return this.#labels.flatMap(({ scheme, zone, port, token }) => {
      const tls = scheme === 'dns' ? undefined : this.tls
      const { connections, streams }: ConnectionBounds = scheme === 'https' || scheme === 'grpc' ? this.bounds[scheme] : {}
      const limits = streams === undefined ? this.limits : { ...this.limits, streams }
      return addresses.map(address => ({
        zone,
        place: { scheme, address, port, sockets: this.sockets, tls, limits, connections, headers: this.headers },
        token,
      }))
    })
  }

  get listeners(): string[] {
    return [...new Set(this.places.map(({ place }) => placeLabel(place)))]
  }

  /** The zones that it serves at the place with this label. */
  zonesAt(label: string): string[] {
    return this.places.filter(({ place }) => placeLabel(place) === label).map(({ zone }) => zone)
  }

  credentials(plugin: string, files: readonly string[]): Credentials {
    return this.#certificates.read(plugin, files, this.root, this.log(plugin))
  }

  log(plugin?: string): Logger {
    const log = plugin === undefined ? this.#log.child({}) : pluginLogger(this.#log, plugin)
    if (this.debug) log.level = 'debug'
    return log
  }

  metadata(label: string): MetadataReader | undefined {
    const zones = this.metadataZones
    if (!zones) return undefined
    for (const { instance } of this.stages) {
      const read = instance.metadata?.(label)
      if (read) return (query, reply) => (zones.has(query.key) ? read(query, reply) : undefined)
    }
    return undefined
  }

  zone(key: string): ZoneVersion | undefined {
    for (const { instance } of this.stages) {
      const version = instance.zone?.(key)
      if (version) return version
    }
    return undefined
  }

  /** The reply of the first plugin that takes a notification or an update; undefined if none does. */
  take(message: Query): Reply | PromiseLike<Reply> | undefined {
    const isUpdate = message.opcode === OPCODE.UPDATE
    if (isUpdate && !this.updates) return undefined
    for (const { name, instance } of this.stages) {
      const reply = isUpdate ? instance.updated?.(message) : instance.notified?.(message)
      if (reply) return onReply(message, reply, said => Object.assign(said, { plugin: name }))
    }
    return undefined
  }

  /** The plugins that are not ready. */
  get unready(): Unready[] {
    return this.stages.flatMap(({ name, instance }) => {
      const state = instance.ready?.() ?? true
      return state === true ? [] : [{ plugin: name, reason: state }]
    })
  }

  /** What the start of a plugin has not brought yet; undefined for nothing. What is not started is ready when it serves, at best. */
  get awaited(): { word: Token; reason: string } | undefined {
    for (const { word, instance } of this.stages) {
      const state = (instance.start && instance.ready?.()) ?? true
      if (state !== true) return { word, reason: state }
    }
    return undefined
  }

  /** The instance of `plugin`, if the block uses it. */
  instance(plugin: string): Instance | undefined {
    return this.stages.find(stage => stage.name === plugin)?.instance
  }
}

/** A plugin's error, with the plugin's name and its place in the Corefile in front. */
export const placed = ({ text, file, line }: Token, error: unknown): Error => {
  const { message, code } = error as NodeJS.ErrnoException
  return Object.assign(new Error(`plugin/${text}: ${file}:${line} - ${message}`, { cause: error }), { code })
}
