import { coredns } from '../peers/coredns.ts'
import { knot } from '../peers/knot.ts'
import { outside } from '../registry.ts'
import { sample, verify } from '../verify.ts'
import type { Bench } from './scenario.ts'

/** Starts the server that all others forward to, on the core of the load, and gives its port. */
export async function startUpstream({ stand, has }: Bench): Promise<number> {
  const peer = [knot, coredns].find(has)
  if (!peer) throw new Error('no upstream: neither knotd nor coredns is on PATH')
  const server = await stand.start(peer, { memory: { registry: outside, from: 'zone' } }, 'load')
  await verify(server, sample(outside))
  // knot has bound its first thread to the first core, which is that of the server under test.
  stand.holdOnLoadCore(server.process)
  return server.port
}
