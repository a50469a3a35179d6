import { connect, createServer, isIPv6 } from 'node:net'
import type { Credentials } from '#src/credentials.ts'
import { Shared } from '#src/feeds/shared.ts'
import type { Server, ServerBlock } from '#src/plugin.ts'
import { Collector } from './collector.ts'
import { Drops } from './drops.ts'
import type { QueueLimits } from './frame-queue.ts'
import type { Address, TapOptions } from './options.ts'
import { RelayedSinks } from './relay.ts'
import { Sinks } from './sinks.ts'
import type { Target } from './target.ts'

/** How much may wait for a target, per unit of `queue`. */
const MESSAGES = 10_000
const OCTETS = 10 << 20

/** The targets of each thread, by everything that distinguishes them. */
const inUse = new WeakMap<Server, Shared<Target>>()

/** The target of a line, which is shared with other lines that describe the same. @param credentials of a TLS listener */
export function openTarget(line: TapOptions, credentials: Credentials | undefined, block: ServerBlock): Promise<Target> {
  const { address, listens, queue, skipVerify } = line
  const key = JSON.stringify([address, listens, queue, skipVerify, credentials])
  const targets = inUse.get(block.server) ?? new Shared<Target>()
  inUse.set(block.server, targets)
  return targets.open(key, async () => {
    const secure = address.scheme === 'tls' ? await import('./tls.ts') : undefined
    const target = createTarget(line, key, block, secure, credentials)
    target.start()
    return target
  })
}

/** Leaves a target; the last user ends it. */
export async function closeTarget(target: Target, { server }: ServerBlock): Promise<void> {
  if (inUse.get(server)?.leave(target)) await target.end()
}

function createTarget(
  { address, listens, queue, skipVerify }: TapOptions,
  key: string,
  block: ServerBlock,
  secure: typeof import('./tls.ts') | undefined,
  credentials: Credentials | undefined,
): Target {
  const { metrics, control } = block.server
  const log = block.log('dnstap')
  const name = nameOf(address)
  const dropped = metrics.counter('coredns_dnstap_dropped_total', 'Counter of dnstap messages that were dropped.')
  const drops = new Drops(dropped.with({ endpoint: name }), log)
  const share = queue / (block.sockets ?? 1)
  const limits: QueueLimits = { frames: share * MESSAGES, octets: share * OCTETS }
  if (!listens) {
    const dial = () =>
      secure && 'host' in address ? secure.dialTls(address.host, address.port, skipVerify) : connect(optionsOf(address))
    return new Collector(name, dial, limits, drops, log)
  }
  if (!control) return new RelayedSinks(key, limits, drops)
  const create = secure && credentials ? secure.tlsServer(credentials, skipVerify) : createServer
  return new Sinks(name, key, { create, options: optionsOf(address) }, limits, drops, log)
}

/** As Go names what is dialled: `unix /run/dnstap.sock`, `tcp 192.0.2.1:6000`. */
function nameOf(address: Address): string {
  if (address.scheme === 'unix') return `unix ${address.path}`
  const { host, port } = address
  return `tcp ${isIPv6(host) ? `[${host}]` : host}:${port}`
}

const optionsOf = (address: Address): { path: string } | { host: string; port: number } =>
  address.scheme === 'unix' ? { path: address.path } : { host: address.host, port: address.port }
