/** The life of the server: load, start, reload, drain, stop. Queries are answered by `serving.ts`, in one or more threads. */
import type { TlsOptions } from 'node:tls'
import type { Corefile } from '../corefile/tree.ts'
import type { LogFormat } from '../log.ts'
import { Metrics } from '../metrics.ts'
import type { Control, HttpHandler, Server, Unready } from '../plugin.ts'
import type { Snapshot } from '../snapshot.ts'
import type { ConnectUdp } from '../transport/transport.ts'
import type { Spawn } from './remote-thread.ts'
import { Serving, type ServingSettings } from './serving.ts'
import { SidePorts } from './side-ports.ts'
import { Abandoned, Threads } from './threads.ts'

interface Settings extends ServingSettings {
  readonly version: string
  readonly logFormat: LogFormat
  /** How further threads are started; undefined if there may be none. */
  readonly thread?: Omit<Spawn, 'data'>
  /** Reads and parses the Corefile as it is now. @throws {Problem} */
  readCorefile(): Corefile
}

export class DnsServer implements Server, Control {
  readonly version: string
  readonly logFormat: LogFormat
  readonly metrics = new Metrics()
  readonly control = this
  draining = false
  readonly #settings: Settings
  readonly #sidePorts = new SidePorts()
  readonly #serving: Serving
  readonly #threads: Threads
  /** The last replacement that was asked for, and those that have not begun. */
  #replaced: Promise<void> = Promise.resolve()
  readonly #asked = new Map<'new' | 'same', Promise<void>>()

  constructor(settings: Settings) {
    const { version, logFormat, port, udp = 'auto', thread, log } = settings
    this.#settings = settings
    this.version = version
    this.logFormat = logFormat
    this.#serving = new Serving(this, 0, settings)
    const spawn = thread && { ...thread, data: { version, logFormat, port, udp } }
    this.#threads = new Threads(this.#serving, spawn, this.metrics, log)
  }

  get configuration(): string {
    return this.#serving.configuration
  }

  /** Where each zone listens and its chain, with the ports that are really open. */
  get zones(): { zone: string; address: string; port: number; chain: readonly string[] }[] {
    return this.#serving.zones
  }

  /** @throws {Problem} the Corefile; or what kept a plugin or a listener from starting */
  start(): Promise<void> {
    return this.reload()
  }

  readConfiguration(): string {
    return this.#settings.readCorefile().hash
  }

  reload(): Promise<void> {
    return this.#replace('new', () => this.#settings.readCorefile())
  }

  renew(): Promise<void> {
    return this.#replace('same', () => this.#threads.corefile!)
  }

  /**
   * One replacement at a time. A call during one waits for another one, since files may have changed after they were read. If it is for another
   * Corefile than the one that starts, that is given up; whoever asked for it hears how the next one of its kind went.
   */
  #replace(which: 'new' | 'same', corefile: () => Corefile): Promise<void> {
    if (this.#isOther(corefile)) this.#threads.abandon()
    const asked = this.#asked.get(which)
    if (asked) return asked
    const turn = this.#replaced.then(() => {
      this.#asked.delete(which)
      if (this.draining) throw new Error('the server is shutting down')
      return this.#threads.replace(corefile())
    })
    const replaced = turn.catch(error => {
      if (error instanceof Abandoned) return this.#replace(which, corefile)
      throw error
    })
    this.#asked.set(which, replaced)
    this.#replaced = turn.catch(() => {})
    return replaced
  }

  /** Whether it is another Corefile than the one that starts. One with a mistake takes no one's place. */
  #isOther(corefile: () => Corefile): boolean {
    const { next } = this.#threads
    try {
      return next !== undefined && corefile().hash !== next.hash
    } catch {
      return false
    }
  }

  serve(address: string, path: string, handler: HttpHandler, tls?: TlsOptions): Promise<() => Promise<void>> {
    return this.#sidePorts.serve(address, path, handler, tls)
  }

  udp(): Promise<ConnectUdp> {
    return this.#serving.udp()
  }

  unready(word: string): Promise<Unready[]> {
    return this.#threads.unready(word)
  }

  alive(): Promise<void> {
    return this.#threads.alive()
  }

  collect(): Promise<Snapshot[]> {
    return this.#threads.collect()
  }

  /** Drains and stops: answers on while plugins ask for it, then what has arrived, then lets go. */
  async shutdown(): Promise<void> {
    this.draining = true
    this.#threads.abandon()
    await this.#threads.drain()
    await this.#threads.stop()
  }

  /** Checks the Corefile, imports and every plugin's options included, and opens nothing. @throws {Problem} */
  async validate(): Promise<void> {
    const { log } = this.#settings
    const corefile = this.#settings.readCorefile()
    for (const warning of corefile.warnings) log.warn(warning)
    const { warnings } = await this.#serving.load(corefile)
    for (const warning of warnings) log.warn(warning)
  }
}
