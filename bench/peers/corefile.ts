import { join } from 'node:path'
import { hostsFile, manifests, type Registry, zoneFile } from '../registry.ts'
import type { Place, Role } from './peer.ts'

/** The Corefile of a role, the same for CoreDNS and for this server (but that only the latter has *mesh*), and the files that it names. */
export function corefile({ memory, upstream, threads, log }: Role, { folder, port, metricsPort }: Place): Record<string, string> {
  const lines = ['bind 127.0.0.1', 'errors', `prometheus 127.0.0.1:${metricsPort}`]
  if (threads !== undefined) lines.push(`multisocket ${threads}`)
  if (log) lines.push('log')
  let files: Record<string, string> = {}
  if (memory) {
    const source = sources[memory.from](memory.registry, folder)
    lines.push(source.directive)
    files = source.files
  }
  if (upstream?.cache) lines.push('cache 3600')
  if (upstream) lines.push(`forward . 127.0.0.1:${upstream.port}`)
  return { Corefile: `.:${port} {\n${lines.map(line => `    ${line}\n`).join('')}}\n`, ...files }
}

interface Source {
  directive: string
  files: Record<string, string>
}

const sources: Record<'mesh' | 'hosts' | 'zone', (registry: Registry, folder: string) => Source> = {
  mesh: (registry, folder) => ({
    directive: `mesh ${registry.zone} {\n        source file ${join(folder, 'manifests')}\n        ttl ${registry.ttl}\n    }`,
    files: Object.fromEntries(Object.entries(manifests(registry)).map(([file, text]) => [join('manifests', file), text])),
  }),
  hosts: (registry, folder) => ({
    directive: `hosts ${join(folder, 'hosts')} ${registry.zone} {\n        ttl ${registry.ttl}\n    }`,
    files: { hosts: hostsFile(registry) },
  }),
  zone: (registry, folder) => ({
    directive: `file ${join(folder, 'zone')} ${registry.zone}`,
    files: { zone: zoneFile(registry) },
  }),
}
