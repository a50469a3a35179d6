import { setTimeout } from 'node:timers/promises'
import { toAddress } from '#src/dns/address.ts'
import type { AccessSource } from '#src/feeds/kubernetes/access.ts'
import { Cluster } from '#src/feeds/kubernetes/cluster.ts'
import type { Details } from '#src/feeds/kubernetes/columns.ts'
import type { Selectors } from '#src/feeds/kubernetes/kinds.ts'
import type { ClusterObject, KindName } from '#src/feeds/kubernetes/objects.ts'
import type { Timing } from '#src/feeds/kubernetes/timing.ts'
import { createLogger } from '#src/log.ts'
import { until } from '../waiting.ts'
import { Observer } from './observer.ts'

/** As the real ones, and over sooner. */
export const BRIEF: Timing = {
  silence: 900,
  lifetime: [300_000, 600_000],
  backoff: [40, 200],
  healthy: 1000,
  relook: 400,
}

/** A cluster that is being watched. */
export interface Watching extends Disposable {
  readonly cluster: Cluster
  readonly observer: Observer
  /** Lines of the log so far. */
  readonly log: readonly string[]
}

export function watchCluster(
  source: AccessSource,
  kinds: readonly KindName[],
  options: { selectors?: Partial<Selectors>; details?: Partial<Details>; timing?: Partial<Timing> } = {},
): Watching {
  const log: string[] = []
  const logger = createLogger('text', 'info', { write: line => void log.push(line.trimEnd()) })
  const selectors = { labels: '', namespaceLabels: '', ...options.selectors }
  const cluster = new Cluster(source, selectors, logger, { ...BRIEF, ...options.timing })
  const observer = new Observer()
  void cluster.join(observer)
  cluster.need({}, kinds, options.details)
  return { cluster, observer, log, [Symbol.dispose]: () => cluster.close() }
}

/** An API server that is reached like this and asks nobody who they are. */
export const at = (server: string, ca?: string): AccessSource => {
  const access = { server, tls: ca === undefined ? {} : { ca }, headers: {} }
  return { key: server, name: 'kubernetes', read: () => access }
}

/** Fulfilled when a line of the log is like this. */
export async function logged(log: readonly string[], line: RegExp): Promise<string> {
  const find = () => log.find(text => line.test(text))
  await until(
    () => find() !== undefined,
    () => setTimeout(5),
  )
  return find()!
}

/** The addresses of a slice, as text. */
export const addressesOf = (object: ClusterObject | undefined): string[] => {
  if (object?.kind !== 'EndpointSlice' && object?.kind !== 'ImportedSlice') return []
  const { addresses, size } = object.group
  return Array.from({ length: addresses.length / size }, (_, i) =>
    toAddress(Buffer.from(addresses.slice(i * size, (i + 1) * size), 'latin1')),
  )
}

export const hasAddresses =
  (...addresses: readonly string[]) =>
  (object: ClusterObject): boolean =>
    addressesOf(object).join() === addresses.join()
