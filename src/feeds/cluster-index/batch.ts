import { MAX_SRV_RECORDS, srvRecords, weightOf } from '../../answers/srv-records.ts'
import { addressRecords, fittingAddresses } from '../../dns/address-records.ts'
import { TYPE } from '../../dns/codes.ts'
import { keyBelow } from '../../dns/name.ts'
import type { Srv } from '../../dns/rdata.ts'
import type { Sections } from '../../dns/sections.ts'
import { addressesOf, type Port } from '../../registry/record.ts'
import type { EndpointSlice } from '../kubernetes/objects.ts'
import { addressAt, labelOf } from './endpoint-labels.ts'

/** Addresses that answer a question, all on the same ports. */
export interface Batch {
  /** Those that were asked for, at least one. */
  readonly ports: readonly Port[]
  /** `''` for one that is the DNS's to tell, by its owner. */
  readonly addresses: readonly string[]
  /** The key by which SRV records call an address. */
  readonly owner: (i: number) => string
}

/** What an SRV question asks for; `''` for any. */
export interface PortQuestion {
  readonly port: string
  readonly protocol: string
}

/** The name of a port or protocol, of a label with its underscore or without. */
export const bare = (label: string): string => (label.startsWith('_') ? label.slice(1) : label)

/** Stands for what has no ports: it has addresses, and no SRV records. */
const NO_PORT: Port = { name: '', protocol: 'tcp', number: -1 }

export function matchingPorts(ports: readonly Port[], { port, protocol }: PortQuestion): readonly Port[] {
  if (port === '' && protocol === '') return ports.length > 0 ? ports : [NO_PORT]
  return ports.filter(({ name, protocol: own }) => (port === '' || port === name) && (protocol === '' || protocol === own))
}

/**
 * Endpoints of a slice; undefined where there is none.
 * @param base the key that they are called below
 * @param places those that are asked for; all where nothing is said
 */
export function endpointBatch(
  slice: Pick<EndpointSlice, 'group' | 'pods'>,
  question: PortQuestion,
  base: string,
  podNames: boolean,
  places?: readonly number[],
): Batch | undefined {
  const ports = matchingPorts(slice.group.ports, question)
  const addresses = places ? places.map(i => addressAt(slice, i)) : [...addressesOf(slice.group)]
  if (ports.length === 0 || addresses.length === 0) return undefined
  return { ports, addresses, owner: i => keyBelow([labelOf(slice, places ? places[i]! : i, podNames)], base) }
}

/** The A, AAAA or SRV records that batches make for `key`; undefined for none. */
export function batchRecords(batches: readonly Batch[], type: number, key: string, ttl: number): Sections | undefined {
  if (type === TYPE.SRV) return batchSrvRecords(batches, key, ttl)
  if (type !== TYPE.A && type !== TYPE.AAAA) return undefined
  const addresses = batches.values().flatMap(batch => batch.addresses)
  return addressRecords(key, fittingAddresses(addresses, type === TYPE.A ? 4 : 16), ttl)
}

function batchSrvRecords(batches: readonly Batch[], key: string, ttl: number): Sections | undefined {
  const services = new Map<string, Pick<Srv, 'target' | 'port'>>()
  const addresses = new Map<string, readonly [owner: string, address: string]>()
  let count = 0
  for (const batch of batches) {
    count += batch.ports.length * batch.addresses.length
    const ports = batch.ports.filter(({ number }) => number >= 0)
    if (ports.length === 0) continue
    for (const [i, address] of batch.addresses.entries()) {
      if (services.size >= MAX_SRV_RECORDS) break
      const target = batch.owner(i)
      for (const { number } of ports) services.set(`${number} ${target}`, { target, port: number })
      if (address !== '') addresses.set(target + address, [target, address])
    }
  }
  if (services.size === 0) return undefined
  return srvRecords(key, ttl, weightOf(count), services.values(), [...addresses.values()])
}
