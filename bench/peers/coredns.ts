import { join } from 'node:path'
import { corefile } from './corefile.ts'
import type { Peer } from './peer.ts'

/** CoreDNS. Bound to one core, Go runs one thread of its code at a time by itself. */
export const coredns: Peer = {
  name: 'coredns',
  program: 'coredns',
  version: ['-version'],
  launch: (role, place) => ({ args: ['-conf', join(place.folder, 'Corefile')], files: corefile(role, place) }),
}
