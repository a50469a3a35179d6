import { join } from 'node:path'
import { zoneFile } from '../registry.ts'
import type { Peer } from './peer.ts'

/** Knot DNS, an authoritative server: one UDP worker, no journal, no semantic checks. */
export const knot: Peer = {
  name: 'knot',
  program: 'knotd',
  version: ['--version'],
  launch({ memory }, { folder, port }) {
    if (!memory) throw new Error('knot answers from memory only')
    const { registry } = memory
    const configuration = `
server:
    rundir: "${folder}"
    listen: 127.0.0.1@${port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: warning
database:
    storage: "${folder}"
zone:
  - domain: ${registry.zone}
    file: "${join(folder, 'zone')}"
    zonefile-sync: -1
    journal-content: none
`
    return {
      args: ['--config', join(folder, 'knot.conf')],
      files: { 'knot.conf': configuration, zone: zoneFile(registry) },
    }
  },
}
