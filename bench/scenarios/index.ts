import { cache } from './cache.ts'
import { clusterFresh } from './cluster-fresh.ts'
import { clusterRestart } from './cluster-restart.ts'
import { clusterScale } from './cluster-scale.ts'
import { forward } from './forward.ts'
import { fresh } from './fresh.ts'
import { hosts } from './hosts.ts'
import { istiod } from './istiod.ts'
import { log } from './log.ts'
import { memory } from './memory.ts'
import { mesh } from './mesh.ts'
import { mixed } from './mixed.ts'
import { multisocket, multisocketCores } from './multisocket.ts'
import { names } from './names.ts'
import { nxdomain } from './nxdomain.ts'
import type { Scenario } from './scenario.ts'
import { start } from './start.ts'
import { tcp } from './tcp.ts'

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [
  mesh,
  hosts,
  nxdomain,
  cache,
  forward,
  mixed,
  tcp,
  names,
  log,
  multisocket,
  multisocketCores,
  start,
  memory,
  fresh,
  istiod,
  clusterFresh,
  clusterScale,
  clusterRestart,
]
