import { closeSync, openSync, readSync } from 'node:fs'
import { coredns } from '../peers/coredns.ts'
import { istioCoredns } from '../peers/istio-coredns.ts'
import type { Role } from '../peers/peer.ts'
import { mesh as registry } from '../registry.ts'
import { sample } from '../verify.ts'
import { throughput } from './throughput.ts'

const role: Role = { memory: { registry, from: 'hosts' }, log: true }

/** Standard output is a file. */
export const log = throughput({
  name: 'log',
  title: '2,000 names from a hosts file, a line in the log for every query',
  questions: registry.entries.map(({ name }) => name),
  expected: sample(registry),
  contenders: async () => [istioCoredns, coredns].map(peer => ({ peer, role })),
  check({ process }, answered) {
    const lines = countLines(process.log)
    return lines < answered ? `${answered} queries were answered, but the log has ${lines} lines` : undefined
  },
})

function countLines(file: string): number {
  const chunk = Buffer.alloc(1 << 20)
  const descriptor = openSync(file, 'r')
  let lines = 0
  for (let length = -1; length !== 0; ) {
    length = readSync(descriptor, chunk)
    for (let at = chunk.indexOf(10); at >= 0 && at < length; at = chunk.indexOf(10, at + 1)) lines++
  }
  closeSync(descriptor)
  return lines
}
