import { type Metric, type Sample, Scalar } from '#src/metrics.ts'
import type { ServedListener } from '#src/plugin.ts'

/** Which plugins are in use where. */
interface Use {
  readonly servers: readonly ServedListener[]
  readonly view: string
  readonly chain: readonly string[]
}

/** Tells the plugins of each zone of each listener. During a reload two server blocks say the same; it is exported once. */
export class PluginEnabled implements Metric {
  static readonly NAME = 'coredns_plugin_enabled'
  readonly name = PluginEnabled.NAME
  readonly help = 'The plugins of each server and zone; always 1.'
  readonly type = 'gauge'
  /** By owner. */
  readonly #uses = new Map<unknown, Use>()

  set(owner: unknown, use: Use): void {
    this.#uses.set(owner, use)
  }

  remove(owner: unknown): void {
    this.#uses.delete(owner)
  }

  samples(): Sample[] {
    const enabled = new Scalar('gauge', this.name, this.help)
    for (const { servers, view, chain } of this.#uses.values()) {
      for (const { label, served } of servers) {
        for (const zone of served) {
          for (const name of chain) enabled.with({ server: label, zone, view, name }).value = 1
        }
      }
    }
    return enabled.samples()
  }
}
