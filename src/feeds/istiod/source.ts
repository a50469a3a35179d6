import { resolve } from 'node:path'
import { type ThreadSource, threadSource } from '../thread-feed.ts'
import type { Access } from './access.ts'
import type { Mode } from './client.ts'

/** What the operator says of an istiod; names of files as they stand there. */
export interface Istiod extends Access {
  /** `auto` takes WDS where istiod offers it. */
  readonly mode: Mode | 'auto'
}

/** The registry of an istiod. @param root the directory that relative file names count from; empty for the working directory */
export function istiodSource({ mode, ...access }: Istiod, root: string): ThreadSource {
  const path = (file: string) => (root === '' ? file : resolve(root, file))
  const { tls, token } = access
  const data: WorkerData = {
    name: `istiod ${access.addresses.join(' ')}`,
    modes: mode === 'auto' ? ['wds', 'eds'] : [mode],
    access: {
      ...access,
      token: token && path(token),
      tls: tls && {
        ...tls,
        ca: tls.ca && path(tls.ca),
        certificate: tls.certificate && { cert: path(tls.certificate.cert), key: path(tls.certificate.key) },
      },
    },
  }
  return threadSource({
    key: JSON.stringify(['istiod', data]),
    name: data.name,
    apart: access.apart ? access.clusterId : undefined,
    worker: new URL('./worker.ts', import.meta.url),
    data,
  })
}

/** What the thread is told. */
export interface WorkerData {
  readonly name: string
  readonly modes: readonly Mode[]
  readonly access: Access
}
