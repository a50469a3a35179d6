/**
 * The contract of plugins.
 *
 * A query goes down the chain as an argument, and the reply comes up as the return value: directly if it is in memory, as a promise
 * if something had to be waited for. Whoever gets such a promise calls `then` on it once and returns the result, or awaits it. Three
 * shapes cover every plugin: a *source* answers or calls `next`, a *wrapper* reads or changes the reply of `next`, a *gate* answers
 * early. An error that is thrown becomes a SERVFAIL reply that carries its cause.
 */
import type { TlsOptions } from 'node:tls'
import type { ConnectionBounds } from './corefile/connection-bounds.ts'
import type { Directive } from './corefile/directive.ts'
import type { Credentials } from './credentials.ts'
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
export {
  answer,
  failure,
  nameError,
  noData,
  notReady,
  onReply,
  Reply,
  refused,
  shuffled,
  silence,
  unreachable,
} from './dns/reply.ts'
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

/** Reads one value about a query and its reply; undefined or empty if there is none. @param reply undefined while there is none; its records may not be known yet */
export type MetadataReader = (query: Query, reply?: Reply) => string | undefined

/** A listener with the zones that a block serves on it. */
export interface ServedListener extends Listener {
  readonly served: readonly string[]
}

/** One use of a plugin in one server block. Everything a plugin may do is listed here; all of it is optional. */
export interface Instance {
  /** Puts itself before `next`. Called once, at start. */
  wrap?(next: Handler): Handler
  /** Puts itself before the handler of `plugin`, which stands below it in the chain and never throws. Called once for each such plugin, at start, the last one first. */
  around?(plugin: string, handler: Handler, instance: Instance): Handler
  /** What it knows about the question, in sentences for people (*explain*). Called before the query comes. */
  explain?(query: Query): readonly string[]
  /** Reads what it knows about a query under `label` (`kubernetes/namespace`); undefined for a label that is not its own. */
  metadata?(label: string): MetadataReader | undefined
  /** The current version of the zone with this key, to be copied to other servers; undefined for a zone that is not its own. @throws why there is no version yet */
  zone?(key: string): ZoneVersion | undefined
  /** Replies to a server which says that a zone has a new version (RFC 1996); undefined for a zone of which this plugin has no copy. Never throws. */
  notified?(notification: Query): Reply | undefined
  /** Replies to an update of a zone (RFC 2136), whose name is the question's; undefined to leave it to the next plugin. Never throws or rejects. */
  updated?(update: Query): Reply | PromiseLike<Reply> | undefined
  /** On a reload, takes over what the same plugin of the same zone held (caches, connections). Both run side by side until the old one stops. */
  adopt?(previous: Instance): void
  /**
   * Opens watches, loads tables. No query comes before it is fulfilled. If it rejects, the server does not start, or the reload does not happen.
   * When `signal` is aborted, it is to give up what it waits for; `stop` comes when it has ended.
   */
  start?(signal: AbortSignal): Promise<void>
  /** Called when the block's sockets are open and this instance answers on them: after the start, or when a reload has taken effect. */
  serving?(listeners: readonly ServedListener[]): void
  /** True, or what it is waiting for, which /ready answers with status 503. */
  ready?(): true | string
  /** Called after SIGTERM: the server keeps answering until the promises of all plugins are fulfilled. */
  drain?(): Promise<void>
  /** Closes and releases everything. No more queries come. */
  stop?(): Promise<void>
}

/** What `plugins/NAME/index.ts` exports. */
export interface Plugin<Options = unknown> {
  /** The Corefile word, which is the folder's name. */
  readonly name: string
  /** It asks others over the network: the server limits how many queries wait in it at a time. */
  readonly waits?: true
  /** It has its own zones: if no plugin of the chain `waits`, all other names are refused (RFC 1035 §4.1.1). */
  readonly authoritative?: true
  /** It takes queries of classes other than IN. They are refused if no plugin of the listener does. */
  readonly otherClasses?: true
  /** It takes updates of zones. They are not implemented in server blocks without such a plugin. */
  readonly updates?: true
  /** Turns text into options. Reads nothing but the directive and the files that it names. @throws {Problem} */
  parse(directive: Directive): Options
  /** Makes an instance from options. Effects begin in `start`. */
  create(options: Options, block: ServerBlock): Instance
}

/** A plugin that is loaded when a Corefile first names it. */
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
  /** The objects that *kubernetes* answers from, for other plugins of the block; set before anything starts. */
  cluster: ClusterView | undefined
  /** The names whose queries have metadata (*metadata*); undefined for none. */
  metadataZones: ZoneSet | undefined
  /** How many threads answer (*multisocket*); undefined for one thread, which does not share its ports. */
  sockets: number | undefined
  /** Limits of the connections of its listeners (*timeouts*); empty for the defaults. */
  readonly limits: Partial<ConnectionLimits>
  /** Limits of its `https://` (*https*) and `grpc://` (*grpc_server*) listeners; empty for the defaults. */
  readonly bounds: Record<'https' | 'grpc', ConnectionBounds>
  /** Reads the headers that proxies send in front (*proxyproto*); undefined where there are none. */
  headers: ProxyHeaders | undefined
  /** The certificate of its `tls://`, `https://` and `grpc://` listeners (*tls*). */
  tls: TlsSettings | undefined
  /** The keys that clients sign their queries with (*tsig*); undefined where there are none. */
  keys: Keys | undefined
  /** They see the messages between its plugins and other servers (*dnstap*, *trace*). */
  readonly taps: UpstreamTap[]
  /** Which queries for its zones it takes (*view*); undefined where it takes all. */
  view: View | undefined
  /** The name of its view, as metrics label it; empty for none. */
  readonly viewName: string
  /** The Corefile words in use, in the order of the chain. */
  readonly chain: readonly string[]
  /**
   * The files of `tls [CERT KEY] [CA]`; relative names count from `root`. When they have changed, the Corefile is loaded anew.
   * @param plugin that uses them @throws {Error} one cannot be read, or does not hold what it should
   */
  credentials(plugin: string, files: readonly string[]): Credentials
  /** A log whose lines begin with `plugin/NAME: `; without a name, one whose lines begin with nothing. */
  log(plugin?: string): Logger
  /** Reads what a plugin of the block knows about a query under `label`; undefined where none does. To be called in `wrap` or later. */
  metadata(label: string): MetadataReader | undefined
  /** The zone with this key, from the first plugin that has it. @throws why there is no version yet */
  zone(key: string): ZoneVersion | undefined
  /** Notifies servers with a copy of the zone with this key that it has a new version (*transfer*). */
  notify: (key: string) => void
  /** Asks the server itself a question made by `query.derive`, beginning with the choice of the server block. SERVFAIL at a depth over 8, or after more than 200 such questions for one query of a client. */
  resolve: Handler
}

/** The keys that queries are signed with (RFC 8945). */
export interface Keys {
  /** Signatures count for names in these zones only. */
  readonly zones: ZoneSet
  /** Keys of one server block are valid in all that share its listeners. */
  readonly secrets: Secrets
}

/** Which queries a server block takes. */
export interface View {
  /** As metrics label it; may be empty. */
  readonly name: string
  /** Whether it takes the query. Asked for every query of its zones, before the chain; never throws. */
  takes(query: Query): boolean
}

/** Sees the messages between this server and those that it asks. Its functions never throw. */
export interface UpstreamTap {
  /** The query of the exchange has gone out. */
  asked(exchange: UpstreamExchange): void
  /** @param reply as it came, just now; perhaps too late for anyone to be waiting */
  answered(exchange: UpstreamExchange, reply: Uint8Array): void
}

/** A query to another server, as it went out. */
export interface UpstreamExchange {
  /** The client's, on whose behalf it is asked. */
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
  /** How the log is written (`-log-format`): in CoreDNS's lines, or as JSON. */
  readonly logFormat: LogFormat
  /** Opens UDP sockets to other servers, in the way that `-udp` chose. Rejects if that is not possible. */
  udp(): Promise<ConnectUdp>
  /** The process; undefined in all threads but the main one. */
  readonly control: Control | undefined
}

/** What exists once in a process. */
export interface Control {
  /** Whether SIGTERM has come. */
  readonly draining: boolean
  /** What is not ready, in any thread, in the server blocks that use the plugin `word`. */
  unready(word: string): Promise<Unready[]>
  /** Fulfilled when every thread has responded. */
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
  /** Reads the Corefile again and gives its hash. @throws {Problem} it does not parse */
  readConfiguration(): string
  /**
   * Loads the Corefile again, and replaces the running one once everything in it has started. Rejects without any change if that fails. While
   * it still starts, it gives way to a newer one, with whose outcome this is settled, too.
   */
  reload(): Promise<void>
  /** The same with the Corefile that runs, whatever the file says by now: other files that it names have changed. */
  renew(): Promise<void>
}

/** A plugin that is not ready, and what it waits for. */
export interface Unready {
  readonly plugin: string
  readonly reason: string
}

/** What a side port answers; `content` is the MIME type, plain text by default. */
interface HttpAnswer {
  readonly status: number
  readonly body: string | Uint8Array
  readonly content?: string
}

/** Answers a request to a side port with these query parameters. */
export type HttpHandler = (parameters: URLSearchParams) => HttpAnswer | Promise<HttpAnswer>
