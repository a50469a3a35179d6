import { isAbsolute, join } from 'node:path'
import { RCODE, TYPE } from '#src/dns/codes.ts'
import { ZoneSet } from '#src/dns/zone-map.ts'
import type { Cell } from '#src/metrics.ts'
import { answer, type Handler, type Instance, type Logger, Reply, type ServerBlock } from '#src/plugin.ts'
import { Answers } from './answers.ts'
import { HostsFile } from './file.ts'
import { HostTable } from './table.ts'

export interface Options {
  path: string
  /** Whether the file was named, so that its absence is logged. */
  named: boolean
  zones: readonly string[]
  inline: readonly string[]
  /** Seconds. */
  ttl: number
  /** Whether addresses get PTR records. */
  reverse: boolean
  /** Milliseconds between two looks at the file; 0 for none. */
  reload: number
  fallthrough: readonly string[]
  fallthroughUnsupported: boolean
}

export class Hosts implements Instance {
  readonly #options: Options
  readonly #log: Logger
  /** All threads read the same file; one tells what is wrong with it. */
  readonly #warn: (message: string) => void
  readonly #file: HostsFile
  readonly #zones: ZoneSet
  readonly #fallthrough: ZoneSet
  readonly #inline: HostTable
  readonly #entries: Cell
  readonly #reloaded: Cell
  #answers: Answers
  #timer: NodeJS.Timeout | undefined

  constructor(options: Options, block: ServerBlock) {
    this.#options = options
    this.#log = block.log('hosts')
    this.#warn = block.server.control ? message => this.#log.warn(message) : () => {}
    this.#file = new HostsFile(isAbsolute(options.path) || !block.root ? options.path : join(block.root, options.path))
    this.#zones = new ZoneSet(options.zones)
    this.#fallthrough = new ZoneSet(options.fallthrough)
    this.#inline = new HostTable(this.#zones, options.reverse)
    for (const line of options.inline) this.#inline.add(line)
    this.#answers = new Answers([this.#inline], options.ttl)
    const { metrics } = block.server
    this.#entries = metrics
      .gauge('coredns_hosts_entries', 'The combined number of entries in hosts and Corefile.')
      .with({ hostsfile: this.#file.path })
    this.#reloaded = metrics
      .gauge('coredns_hosts_reload_timestamp_seconds', 'The timestamp of the last reload of hosts file.')
      .with({})
  }

  wrap(next: Handler): Handler {
    const { fallthroughUnsupported } = this.#options
    return query => {
      const { key, type } = query
      // Reverse names are answered whether they lie in the zones or not, and passed on when they are not known.
      if (type === TYPE.PTR) {
        const names = this.#answers.reverse(query)
        return names ? answer(names) : next(query)
      }
      if (fallthroughUnsupported && type !== TYPE.A && type !== TYPE.AAAA && this.#fallthrough.has(key)) return next(query)
      const records = this.#answers.forward(query, type)
      if (records) return answer(records)
      if (!this.#zones.has(key) || this.#fallthrough.has(key)) return next(query)
      // The name does not exist, but there is no SOA to tell for how long.
      return new Reply(RCODE.SERVFAIL)
    }
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#entries.value = this.#inline.entries
    await this.#read()
    if (this.#options.reload === 0 || signal.aborted) return
    this.#timer = setTimeout(() => this.#poll(), this.#options.reload).unref()
  }

  async #poll(): Promise<void> {
    await this.#read()
    this.#timer?.refresh()
  }

  async #read(): Promise<void> {
    const { path } = this.#file
    try {
      const reading = await this.#file.read(() => new HostTable(this.#zones, this.#options.reverse))
      if (!reading) return
      const { table, modified, bad } = reading
      this.#answers = new Answers([table, this.#inline], this.#options.ttl)
      this.#entries.value = table.entries + this.#inline.entries
      this.#reloaded.value = modified / 1000
      this.#log.debug(`Parsed hosts file into ${table.entries} entries`)
      if (bad)
        this.#warn(
          `${path}:${bad.line}: ${JSON.stringify(bad.word)} is neither an address nor a name (lines like this: ${bad.count})`,
        )
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      // What was read before is kept.
      if (!missing) this.#warn(`Hosts file is not read: ${(error as Error).message}`)
      else if (this.#options.named) this.#warn(`File does not exist: ${path}`)
    }
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
