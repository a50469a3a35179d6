import { resolve } from 'node:path'
import type { AccessSource } from './access.ts'
import { endpoint } from './endpoint.ts'
import { inCluster } from './in-cluster.ts'
import { kubeconfig } from './kubeconfig.ts'

/** What an operator says of where the API server is. */
export interface NamedAccess {
  readonly kubeconfig: readonly [file: string, context: string | undefined] | undefined
  readonly endpoint: string | undefined
  readonly tls?: readonly [cert: string, key: string, ca: string] | undefined
}

/** As in CoreDNS, a kubeconfig file beats an endpoint; without either, it is the cluster that this process runs in. @returns takes the directory that relative file names count from */
export function namedAccess({ kubeconfig: config, endpoint: url, tls }: NamedAccess): (root: string) => AccessSource {
  if (config) return root => kubeconfig(...config, root)
  if (url === undefined) return () => inCluster()
  return root => {
    const [cert = '', key = '', ca = ''] = tls?.map(file => resolve(root, file)) ?? []
    return endpoint(url, tls && { cert, key, ca })
  }
}
