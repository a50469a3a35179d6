/** The labels by which endpoints are called below their service. */
import { addressLabel, addressOfLabel } from '../../registry/endpoint-name.ts'
import { placesIn } from '../../registry/record.ts'
import type { EndpointSlice } from '../kubernetes/objects.ts'

type Slice = Pick<EndpointSlice, 'group' | 'pods'>

export const addressAt = ({ group: { addresses, size } }: Slice, i: number): string => addresses.slice(i * size, (i + 1) * size)

export const countOf = ({ group: { addresses, size } }: Slice): number => addresses.length / size

/** The hostname of an endpoint; else, with `podNames`, the name of its pod; else its address with dashes. */
export const labelOf = (slice: Slice, i: number, podNames: boolean): string =>
  slice.group.hostnames?.[i] || (podNames && slice.pods?.[i]) || addressLabel(addressAt(slice, i))

/** The places of all endpoints that are called so. */
export function placesOf(slice: Slice, label: string, podNames: boolean): number[] {
  const address = addressOfLabel(label)
  const candidates = [
    ...indexesOf(slice.group.hostnames, label),
    ...indexesOf(podNames ? slice.pods : undefined, label),
    ...(address === undefined ? [] : placesIn(slice.group, address)),
  ]
  return candidates.filter((i, at) => candidates.indexOf(i) === at && labelOf(slice, i, podNames) === label)
}

function indexesOf(texts: readonly string[] | undefined, text: string): number[] {
  const indexes: number[] = []
  for (let i = texts?.indexOf(text) ?? -1; i >= 0; i = texts!.indexOf(text, i + 1)) indexes.push(i)
  return indexes
}
