import { toOctets } from '#src/dns/address.ts'
import type { Batch } from '#src/feeds/cluster-index/batch.ts'
import type { ClusterView } from '#src/feeds/cluster-index/cluster-view.ts'
import type { Options } from './options.ts'

/** An SRV record of a pod is of no port. */
const PORTS = [{ name: '', protocol: 'tcp', number: 0 }] as const

/** The address that a pod's name `10-0-0-1` stands for; undefined where there is no such name. @param key the name itself */
export function findPod(
  view: ClusterView,
  mode: Options['pods'],
  namespace: string,
  label: string,
  key: string,
): Batch[] | undefined {
  const octets = toOctets(label.replaceAll('-', /^\d+-\d+-\d+-\d+$/.test(label) ? '.' : ':'))
  if (mode === 'disabled' || !octets) return undefined
  const address = String.fromCharCode(...octets)
  if (mode === 'verified' && !view.index.pods.of(address).some(pod => pod.namespace === namespace)) return undefined
  return [{ ports: PORTS, addresses: [address], owner: () => key }]
}
