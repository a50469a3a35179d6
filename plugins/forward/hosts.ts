import { lookup, Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Target } from './target.ts'

/** Milliseconds for each server that is asked. */
const TIMEOUT = 2000

/**
 * The targets with an address each, hosts replaced by their addresses; what comes twice is taken once.
 * @param resolver servers (`IP`, `IP:port`) to ask for hosts; the system when empty
 * @throws {Error} a host has no address
 */
export async function resolveTargets(targets: readonly Target[], resolver: readonly string[]): Promise<Target[]> {
  const found = new Map<string, Target>()
  for (const target of targets) {
    for (const host of isIP(target.host) ? [target.host] : await addressesOf(target.host, resolver)) {
      // The name in the Corefile is the one that a certificate can be checked against.
      const serverName = target.serverName || (target.scheme !== 'dns' && host !== target.host ? target.host : '')
      const at = `${host} ${target.port}`
      if (!found.has(at)) found.set(at, { ...target, host, serverName })
    }
  }
  return [...found.values()]
}

async function addressesOf(host: string, servers: readonly string[]): Promise<string[]> {
  try {
    if (servers.length === 0) return (await lookup(host, { all: true })).map(({ address }) => address)
    const resolver = new Resolver({ timeout: TIMEOUT, tries: 1 })
    resolver.setServers(servers)
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
    const addresses = [v4, v6].flatMap(result => (result.status === 'fulfilled' ? result.value : []))
    if (addresses.length === 0) throw v4.status === 'rejected' ? v4.reason : new Error('no addresses')
    return addresses
  } catch (error) {
    throw new Error(`failed to resolve "${host}": ${(error as Error).message}`)
  }
}
