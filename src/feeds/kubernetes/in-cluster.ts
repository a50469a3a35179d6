import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import type { AccessSource } from './access.ts'

/** Where a pod finds its service account. */
const MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** The API server of the cluster that this process is a pod of. @param mount where the service account's token and CA certificates are */
export function inCluster(mount: string = MOUNT): AccessSource {
  return {
    key: JSON.stringify(['in-cluster', mount]),
    name: 'kubernetes',
    read() {
      const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env
      if (!host || !port)
        throw new Error('this is not a pod of a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set')
      return {
        server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
        tls: { ca: readFileSync(join(mount, 'ca.crt'), 'utf8') },
        headers: { authorization: `Bearer ${readFileSync(join(mount, 'token'), 'utf8').trim()}` },
      }
    },
  }
}
