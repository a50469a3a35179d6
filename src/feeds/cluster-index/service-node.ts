import type { EndpointSlice } from '../kubernetes/objects.ts'

/** A Service or ServiceImport, and the slices with its endpoints, of which either may come first. */
export class ServiceNode<S extends { readonly headless: boolean }, L extends Pick<EndpointSlice, 'name' | 'group'>> {
  readonly namespace: string
  readonly name: string
  service: S | undefined
  slices: readonly L[] = []
  /** Another one after every change. */
  version = 0

  constructor(namespace: string, name: string) {
    this.namespace = namespace
    this.name = name
  }

  /** The newest version of the slice with this name. */
  slice(name: string): L | undefined {
    return this.slices.find(slice => slice.name === name)
  }

  /** Replaces the slice of this name, or removes it. */
  setSlice(name: string, slice: L | undefined): void {
    const others = this.slices.filter(other => other.name !== name)
    this.slices = slice ? [...others, slice] : others
    this.version++
  }

  setService(service: S | undefined): void {
    this.service = service
    this.version++
  }

  /** Whether nothing is known of it any more. */
  get gone(): boolean {
    return this.service === undefined && this.slices.length === 0
  }

  /** Whether any endpoint is ready. */
  get hasEndpoints(): boolean {
    return this.slices.some(({ group }) => group.addresses !== '')
  }
}
