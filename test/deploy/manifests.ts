/** What deploy/ brings into a cluster. */
import type {
  KubernetesObject,
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1ConfigMap,
  V1Deployment,
  V1NetworkPolicy,
  V1PodDisruptionBudget,
  V1Service,
  V1ServiceAccount,
  V2HorizontalPodAutoscaler,
} from '@kubernetes/client-node'
import { parseAllDocuments } from 'yaml'
import { read } from '#test/house/files.ts'

export const RENDERED = 'deploy/istio-coredns.yaml'

/** The types of the kinds that deploy/ has. */
interface Kinds {
  ClusterRole: V1ClusterRole
  ClusterRoleBinding: V1ClusterRoleBinding
  ConfigMap: V1ConfigMap
  Deployment: V1Deployment
  HorizontalPodAutoscaler: V2HorizontalPodAutoscaler
  NetworkPolicy: V1NetworkPolicy
  PodDisruptionBudget: V1PodDisruptionBudget
  Service: V1Service
  ServiceAccount: V1ServiceAccount
}

/** Every document of a YAML text. @throws {YAMLParseError} */
export function objectsOf(yaml: string): KubernetesObject[] {
  return parseAllDocuments(yaml).map(document => {
    const [error] = document.errors
    if (error) throw error
    return document.toJS()
  })
}

export const deployed: readonly KubernetesObject[] = objectsOf(read(RENDERED).text)

/** The one object of this kind. @throws {Error} there is none, or several */
export function the<K extends keyof Kinds>(kind: K): Kinds[K] {
  const [object, ...others] = deployed.filter(candidate => candidate.kind === kind)
  if (!object || others.length > 0) throw new Error(`${RENDERED} has ${others.length + (object ? 1 : 0)} objects of kind ${kind}`)
  return object as Kinds[K]
}

export const pod = the('Deployment').spec!.template
export const container = pod.spec!.containers[0]!
export const corefile = the('ConfigMap').data!.Corefile!
