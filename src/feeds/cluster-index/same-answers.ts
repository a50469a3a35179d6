import type { EndpointSlice } from '../kubernetes/objects.ts'

/** Whether two states of a slice say the same: most updates of slices are about nothing that is answered. */
export const sameAnswers = (a: EndpointSlice, b: EndpointSlice): boolean =>
  a.group.addresses === b.group.addresses &&
  same(a.group.ports, b.group.ports) &&
  same(a.group.hostnames, b.group.hostnames) &&
  same(a.pods, b.pods) &&
  same(a.zones, b.zones)

const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)
