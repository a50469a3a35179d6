/**
 * The contract of plugins.
 *
 * A query goes down the chain as an argument; the reply comes up as the return value, at once where it is in memory, as a promise
 * where something had to be waited for: whoever is given one calls `then` on it once and returns what that gives, or awaits it. Three shapes cover every plugin: a *source* answers or calls `next`, a *wrapper* looks at or
 * changes the reply of `next`, a *gate* answers early. A throw becomes a SERVFAIL reply that carries its cause.
 */
import type { TlsOptions } from 'node:tls'
import type { ConnectionBounds } from './corefile/connection-bounds.ts'
import type { Directive } from './corefile/directive.ts'
import type { Listener, Query, Transport } from './dns/query.ts'
import type { Reply } from './dns/reply.ts'
import type { Secrets } from './dns/tsig.ts'
import type { ZoneSet } from './dns/zone-map.ts'
import type { ZoneVersion } from './dns/zone-version.ts'
import type { ClusterView } from './feeds/cluster-index/cluster-view.ts'
import type { LogFormat, Logger } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { Snapshot } from './snapshot.ts'
import type { ConnectionLimits, ConnectUdp, Endpoint, ProxyHeaders, TlsSettings } from './transport/transport.ts'

export type { Directive, Line } from './corefile/directive.ts'
export { Problem } from './corefile/problem.ts'
export { type Listener, Query } from './dns/query.ts'
export { answer, failure, nameError, noData, onReply, Reply, refused, silence } from './dns/reply.ts'
export type { ZoneRecord, ZoneVersion } from './dns/zone-version.ts'
export type { LogFormat, Logger } from './log.ts'
export {
  type Beginning,
  type ConnectionLimits,
  type ConnectUdp,
  type Endpoint,
  type Outgoing,
  type Peer,
  type PeerEvents,
  type PeerSocket,
  type ProxyHeaders,
  type TlsSettings,
  written,
} from './transport/transport.ts'

export type Handler = (query: Query) => Reply | PromiseLike<Reply>

/** Reads what is told of a query, and of the reply where that is known; undefined or empty for nothing. */
export type MetadataReader = (query: Query, reply: Reply) => string | undefined

/** A listener with the zones that a block serves on it. */
export interface ServedListener extends Listener {
  readonly served: readonly string[]
}

/** One use of a plugin in one server block. Everything a plugin may do is listed here; all of it is optional. */
export interface Instance {
  /** Puts itself before `next`. Called once, at start. */
  wrap?(next: Handler): Handler
  /** Puts itself before the handler of `plugin`, which stands below it in the chain and never throws. Called once for each, at start, from the last on. */
  around?(plugin: string, handler: Handler): Handler
  /** What it tells of queries under `label` (`kubernetes/namespace`); undefined for a label that is not its own. Nothing is read unless somebody asks. */
  metadata?(label: string): MetadataReader | undefined
  /** The zone that has this key as it is now, for whoever is to have a copy of it; undefined for one that is not its own. @throws what keeps it from being told */
  zone?(key: string): ZoneVersion | undefined
  /** A server says that there is another version of a zone (RFC 1996): the reply; undefined for a zone of which this plugin has no copy. Never throws. */
  notified?(notification: Query): Reply | undefined
  /** Reload: takes over what the same plugin of the same zone held (caches, connections). Both run side by side until the old one stops. */
  adopt?(previous: Instance): void
  /** Opens watches, loads tables. Queries come only after it resolved; a rejection keeps the server from starting, or a reload from happening. */
  start?(signal: AbortSignal): Promise<void>
  /** The block's sockets are open, and this instance answers on them for these zones: after the start, or after a reload took effect. */
  serving?(listeners: readonly ServedListener[]): void
  /** True, or what it waits for: /ready answers 503 with it. */
  ready?(): true | string
  /** SIGTERM came: the server goes on answering until every plugin's promise is fulfilled. */
  drain?(): Promise<void>
  /** Lets go of everything. No query comes any more. */
  stop?(): Promise<void>
}

/** What `plugins/NAME/index.ts` exports. */
export interface Plugin<Options = unknown> {
  /** The Corefile word, which is the folder's name. */
  readonly name: string
  /** It asks others over the network: the server bounds how many queries wait in it at a time. */
  readonly waits?: true
  /** It has zones of its own: names elsewhere are refused at the end of a chain that asks nobody else (RFC 1035 §4.1.1). */
  readonly authoritative?: true
  /** It takes queries of classes other than IN, which are refused where no plugin of the listener does. */
  readonly otherClasses?: true
  /** Text to options; looks at nothing outside the directive but the files that it names. @throws {Problem} */
  parse(directive: Directive): Options
  /** Options to an instance. Effects begin in `start`. */
  create(options: Options, block: ServerBlock): Instance
}

/** A plugin that is there from the first Corefile on that names it. */
export interface PluginLoader {
  readonly name: string
  load(): Promise<Plugin>
}

/** A server block, as its plugins see it. */
export interface ServerBlock {
  /** As text, in the order of the labels. */
  readonly zones: readonly string[]
  /** Labels of the listeners, as metrics name them: `dns://:53`. */
  readonly listeners: readonly string[]
  readonly server: Server
  /** The directory that relative file names count from (*root*). */
  root: string
  /** *debug* was given: debug lines are printed, and errors inside plugins with their stack. */
  debug: boolean
  /** *errors* was given `stacktrace`: where an error inside a plugin is logged, its stack is, too. */
  stacktrace: boolean
  /** Addresses to listen on (*bind*); empty for all. */
  readonly bind: string[]
  /** What *kubernetes* answers from, for the plugins of the block that answer from it, too; there before anything starts. */
  cluster: ClusterView | undefined
  /** The names whose queries have metadata (*metadata*); undefined for none. */
  metadataZones: ZoneSet | undefined
  /** How many threads are to answer (*multisocket*); undefined for one, which shares its ports with nobody. */
  sockets: number | undefined
  /** How long connections of its listeners may take, and how much they may bring (*timeouts*); empty for as usual. */
  readonly limits: Partial<ConnectionLimits>
  /** What its listeners of `https://` (*https*) and of `grpc://` (*grpc_server*) have at a time; empty for as usual. */
  readonly bounds: Record<'https' | 'grpc', ConnectionBounds>
  /** What proxies put in front of what their clients say (*proxyproto*); undefined for nothing. */
  headers: ProxyHeaders | undefined
  /** What its listeners of `tls://`, `https://` and `grpc://` show their clients (*tls*). */
  tls: TlsSettings | undefined
  /** What clients sign their queries with (*tsig*); undefined where signatures mean nothing. */
  keys: Keys | undefined
  /** See what its plugins ask other servers (*dnstap*, *trace*). */
  readonly taps: UpstreamTap[]
  /** What tells its queries from those of other blocks for the same zones (*view*); undefined where it takes all. */
  view: View | undefined
  /** Its name, as the label of metrics; empty for none. */
  readonly viewName: string
  /** The Corefile words in use, in the order of the chain. */
  readonly chain: readonly string[]
  /** A log whose lines begin with `plugin/NAME: `; without a name, one whose lines begin with nothing. */
  log(plugin?: string): Logger
  /** What the plugins of the block tell of queries under `label`, for use in `wrap`; undefined where none does. */
  metadata(label: string): MetadataReader | undefined
  /** The zone that has this key, of the first plugin that has it. @throws what keeps it from being told */
  zone(key: string): ZoneVersion | undefined
  /** Tells whoever has a copy of the zone that has this key that there is another version of it (*transfer*). */
  notify: (key: string) => void
  /** Asks the server itself, from the choice of the server block on, as `query.derive` made the question. At a depth over 8: SERVFAIL. */
  resolve: Handler
}

/** What queries are signed with (RFC 8945). */
export interface Keys {
  /** Those for names elsewhere mean nothing. */
  readonly zones: ZoneSet
  /** Keys of one server block are good for all that share its listeners. */
  readonly secrets: Secrets
}

/** Which queries a server block takes. */
export interface View {
  /** As metrics name it; empty names it as if there was none. */
  readonly name: string
  /** Never throws: it is asked before the chain, with every query of its zones. */
  takes(query: Query): boolean
}

/** Sees the messages between this server and those that it asks. Its functions never throw. */
export interface UpstreamTap {
  /** The query of the exchange has gone out. */
  asked(exchange: UpstreamExchange): void
  /** @param reply as it came, just now; it may come late, when nobody waits for it any more */
  answered(exchange: UpstreamExchange, reply: Uint8Array): void
}

/** A query to another server, as it went out. */
export interface UpstreamExchange {
  /** Of the client, on whose behalf it is asked. */
  readonly query: Query
  readonly transport: Transport
  /** Undefined where it is not known. */
  readonly local: Endpoint | undefined
  readonly remote: Endpoint
  /** The other server, as metadata names it. */
  readonly to: string
  /** By `performance.now()`. */
  readonly sentAt: number
  readonly message: Uint8Array
}

/** What is around the server blocks: one in each thread that answers queries. */
export interface Server {
  readonly version: string
  /** What this thread counts. */
  readonly metrics: Metrics
  /** How the log is written: as CoreDNS's lines, or as JSON (`-log-format`). */
  readonly logFormat: LogFormat
  /** How many threads answer queries: of what the process as a whole may do, each does its share. */
  readonly threads: number
  /** How to open UDP sockets to other servers, in the way that `-udp` chose. Rejects where that is not possible. */
  udp(): Promise<ConnectUdp>
  /** What there is once in a process; undefined in all threads but the one that has it. */
  readonly control: Control | undefined
}

/** The process. */
export interface Control {
  /** Whether SIGTERM has come. */
  readonly draining: boolean
  /** What is not ready in the server blocks that use the plugin `word`, in any thread. */
  unready(word: string): Promise<Unready[]>
  /** Fulfilled when every thread has shown that it lives. */
  alive(): Promise<void>
  /** The metrics of all threads, added up. */
  collect(): Promise<Snapshot[]>
  /**
   * Answers GET requests on `address` (`:8080`, `127.0.0.1:9153`) and `path` until the release function is called. The newest
   * registration of a path answers, so that a reload hands it over without a gap. Plugins of several blocks share an address;
   * with `tls`, which the first registration of an address decides, it speaks HTTPS.
   */
  serve(address: string, path: string, handler: HttpHandler, tls?: TlsOptions): Promise<() => Promise<void>>
  /** SHA-512 of the Corefile that runs, in hex. */
  readonly configuration: string
  /** Reads the Corefile again; its hash, or the Problem of a file that does not parse. */
  readConfiguration(): string
  /** Loads the Corefile anew and replaces this one when it has started whole. Rejects, having changed nothing, where that fails. */
  reload(): Promise<void>
}

/** A plugin that is not ready, and what it waits for. */
export interface Unready {
  readonly plugin: string
  readonly reason: string
}

/** What a side port answers; `content` is the MIME type. */
export interface HttpAnswer {
  readonly status: number
  readonly body: string | Uint8Array
  readonly content?: string
}

/** Answers what a side port is asked for with these parameters. */
export type HttpHandler = (parameters: URLSearchParams) => HttpAnswer | Promise<HttpAnswer>
