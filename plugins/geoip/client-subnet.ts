import { toAddress } from '#src/dns/address.ts'
import { OPTION } from '#src/dns/codes.ts'
import { findOption } from '#src/dns/message.ts'
import type { Query } from '#src/plugin.ts'

/** The first address of the network that a resolver asks for (RFC 7871 §6); undefined where it names none, or not as the RFC has it. */
export function clientSubnet({ edns }: Query): string | undefined {
  const data = edns && edns.options.length > 0 ? findOption(edns, OPTION.ECS) : undefined
  if (!data || data.length < 4) return undefined
  const family = (data[0]! << 8) | data[1]!
  const octets = new Uint8Array(family === 2 ? 16 : 4)
  const given = data.subarray(4)
  // dig asks for no address at all (§7.1.2) with a family of 0.
  if (family > 2 || data[2]! > 8 * octets.length || given.length > octets.length || (family === 0 && data[2] !== 0))
    return undefined
  octets.set(given)
  return toAddress(octets)
}
