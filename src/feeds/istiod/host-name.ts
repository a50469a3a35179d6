/** What istiod calls hosts: names as text, absolute, without their last dot. */
import { toKey } from '../../dns/name.ts'
import { isLabel } from '../label.ts'

/** The key of a host: letters that no name has are refused, and `*` anywhere but as the first label. @throws {RangeError} */
export function hostKey(host: string): string {
  if (!/^(\*\.)?[!-)+-~]+$/.test(host) || host.startsWith('.'))
    throw new RangeError(`${JSON.stringify(host.slice(0, 80))} is not a host name`)
  return toKey(host)
}

/** Whether a host stands for names by the end of their first label: Istio takes `*-dev.example.com` to match requests, and asks no name table for it. */
export const isSuffix = (host: string): boolean => /^\*[^.]/.test(host)

/** Hosts of Services in several clusters (Multi-Cluster Services); they are named in no zone but this one. */
const CLUSTER_SET = 'clusterset.local'

/** The domain behind `SERVICE.NAMESPACE.svc.`; undefined for a host that is no such Service's. */
export function domainOfService(host: string, service: string, namespace: string): string | undefined {
  const start = `${service}.${namespace}.svc.`
  if (!host.startsWith(start) || !isLabel(service) || !isLabel(namespace)) return undefined
  const domain = host.slice(start.length)
  return domain === CLUSTER_SET ? undefined : domain
}
