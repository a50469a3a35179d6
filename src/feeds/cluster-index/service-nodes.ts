import type { EndpointSlice } from '../kubernetes/objects.ts'
import { ServiceNode } from './service-node.ts'

/** The services of a cluster by name. */
export class ServiceNodes<S extends { readonly headless: boolean }, L extends Pick<EndpointSlice, 'name' | 'group'>> {
  readonly #nodes = new Map<string, ServiceNode<S, L>>()

  find(namespace: string, name: string): ServiceNode<S, L> | undefined {
    return this.#nodes.get(`${name}.${namespace}`)
  }

  get all(): Iterable<ServiceNode<S, L>> {
    return this.#nodes.values()
  }

  /** Lets `change` change the service of this name, and forgets it where nothing is left of it. */
  change(namespace: string, name: string, change: (node: ServiceNode<S, L>) => void): void {
    const key = `${name}.${namespace}`
    let node = this.#nodes.get(key)
    if (!node) {
      node = new ServiceNode(namespace, name)
      this.#nodes.set(key, node)
    }
    change(node)
    if (node.gone) this.#nodes.delete(key)
  }
}
