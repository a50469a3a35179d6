/** *bind* chooses the addresses that the block listens on. */
import { isIP, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { toAddress, toOctets } from '#src/dns/address.ts'
import type { Line, Plugin } from '#src/plugin.ts'

export const bind: Plugin<readonly string[]> = {
  name: 'bind',

  parse: directive => uncovered([...new Set(directive.uses().flatMap(readAddresses))]),

  create(addresses, block) {
    block.bind.push(...addresses)
    return {}
  },
}

/** Without those that another one stands for, too: `::` for all, `0.0.0.0` for all of IPv4. Each would be opened twice. */
function uncovered(addresses: readonly string[]): readonly string[] {
  if (addresses.includes('::')) return ['::']
  return addresses.includes('0.0.0.0') ? addresses.filter(address => address === '0.0.0.0' || isIPv6(address)) : addresses
}

function readAddresses(line: Line): string[] {
  const addresses = expand(line)
  const except = new Set<string>()
  line.options({
    except: option => {
      for (const address of expand(option)) except.add(address)
    },
  })
  line.end()
  const left = addresses.filter(address => !except.has(address))
  // No address would mean all of them.
  if (left.length === 0) throw line.problem('except leaves no address to bind to')
  return left
}

/** The line's arguments, each an address or the interface whose addresses are meant. */
function expand(line: Line): string[] {
  const interfaces = new Map(Object.entries(networkInterfaces()))
  const addresses: string[] = []
  do {
    const text = line.text('ADDRESS|INTERFACE')
    const found = interfaces.get(text)
    if (!found && !isIP(text)) throw line.problem(`not a valid IP address or interface name: '${text}'`, interfaces.keys())
    addresses.push(...(found?.map(({ address }) => withZone(address, text)) ?? [canonical(text)]))
  } while (line.left > 0)
  return addresses
}

/** A link-local address means nothing without its interface (RFC 4007 §11). */
const withZone = (address: string, name: string): string => (/^fe[89ab]/.test(address) ? `${address}%${name}` : address)

/** One text for each address, whichever way it was written; an address with a zone stays as it is. */
function canonical(text: string): string {
  const octets = toOctets(text)
  return octets ? toAddress(octets) : text
}
