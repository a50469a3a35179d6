/** From a value that claims to be a Kubernetes object to what the registry needs of it. */
import type { Field, Skip } from './field.ts'
import type { MeshObject } from './mesh-objects.ts'
import { readNamespace, readPod } from './pod.ts'
import { readEndpointSlice, readService } from './service.ts'
import { readServiceEntry, readWorkloadEntry } from './service-entry.ts'

type Read = (root: Field, skip: Skip) => MeshObject | undefined

const istio = (kind: string, read: Read): [string, Read][] =>
  ['v1', 'v1beta1', 'v1alpha3'].map(version => [`networking.istio.io/${version} ${kind}`, read])

const KINDS = new Map<string, Read>([
  ['v1 Service', readService],
  ['v1 Pod', readPod],
  ['v1 Namespace', readNamespace],
  ['discovery.k8s.io/v1 EndpointSlice', readEndpointSlice],
  ...istio('ServiceEntry', readServiceEntry),
  ...istio('WorkloadEntry', readWorkloadEntry),
])

/**
 * @param skip told of each part that is left out
 * @returns undefined for an object that no name depends on
 * @throws {Invalid} the object is of no use
 */
export function readObject(root: Field, skip: Skip): MeshObject | undefined {
  const apiVersion = root.at('apiVersion').text()
  const kind = root.at('kind').text()
  return KINDS.get(`${apiVersion} ${kind}`)?.(root, skip)
}

/** What an object is known by, as far as it says: also for one that `readObject` refuses. */
export function claimedId(root: Field): string | undefined {
  const word = (field: Field) => (typeof field.value === 'string' && /^[!-~]+$/.test(field.value) ? field.value : undefined)
  try {
    const [kind, name] = [word(root.at('kind')), word(root.at('metadata', 'name'))]
    if (kind === undefined || name === undefined) return undefined
    return `${kind} ${kind === 'Namespace' ? name : (word(root.at('metadata', 'namespace')) ?? 'default')}/${name}`
  } catch {
    return undefined
  }
}
