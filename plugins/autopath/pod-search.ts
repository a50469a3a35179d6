import { toOctets } from '#src/dns/address.ts'
import { keyBelow, ROOT } from '#src/dns/name.ts'
import type { ClusterView } from '#src/feeds/cluster-index/cluster-view.ts'
import type { Query } from '#src/plugin.ts'

/** The search lists of Pods: that of their namespace, and behind it that of the machine. */
export class PodSearch {
  readonly #view: ClusterView
  readonly #machine: readonly string[]
  /** By zone and namespace. */
  readonly #lists = new Map<string, readonly string[]>()

  /** @param machine the search list of the machine that Pods run on */
  constructor(view: ClusterView, machine: readonly string[]) {
    this.#view = view
    this.#machine = machine
  }

  /** The list of the client; undefined where it is no Pod, or the name is none of the cluster's. */
  list({ key, client }: Query): readonly string[] | undefined {
    const zone = this.#view.zones.find(key)
    if (zone === undefined) return undefined
    const pod = this.#view.podAt(String.fromCharCode(...toOctets(client.address)!))
    if (!pod) return undefined
    const id = `${zone}${pod.namespace}`
    const held = this.#lists.get(id)
    if (held) return held
    const services = keyBelow(['svc'], zone)
    const list = [keyBelow([pod.namespace], services), services, zone, ...this.#machine, ROOT]
    this.#lists.set(id, list)
    return list
  }
}
