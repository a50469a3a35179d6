import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { corefile } from './corefile.ts'
import type { Peer } from './peer.ts'

/** The program's first file; the working directory does not matter. */
const MAIN = fileURLToPath(new URL('../../src/start.js', import.meta.url))

/** This server, run by the Node that runs the bench. */
export const istioCoredns: Peer = {
  name: 'istio-coredns',
  program: process.execPath,
  version: [MAIN, '-version'],
  launch: (role, place) => ({
    args: [
      ...(place.profile ? ['--cpu-prof', `--cpu-prof-dir=${place.profile}`] : []),
      ...[MAIN, '-conf', join(place.folder, 'Corefile')],
    ],
    files: corefile(role, place),
  }),
}
