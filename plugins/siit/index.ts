/** *siit* gives clients that speak IPv4 addresses for names that have only IPv6 ones (RFC 7915, RFC 7757). */
import { toOctets } from '#src/dns/address.ts'
import type { Line, Plugin } from '#src/plugin.ts'
import { Ipv4Prefix } from '#src/translation/ipv4-prefix.ts'
import { type Options, Siit } from './siit.ts'

export const siit: Plugin<Options> = {
  name: 'siit',

  parse(directive) {
    const mapped = new Map<string, Uint8Array>()
    const options = { prefix: Ipv4Prefix.WELL_KNOWN, mapped }
    for (const line of directive.uses()) {
      line.options({
        ipv6_prefix: option => {
          options.prefix = Ipv4Prefix.read(option)
          if (!options.prefix.isLegal) throw option.problem('bits 64 to 71 of PREFIX must be 0')
        },
        eam: option => {
          const address = readAddress(option, 'IPV4', 4)
          mapped.set(Buffer.from(readAddress(option, 'IPV6', 16)).toString('latin1'), address)
        },
      })
      line.end()
    }
    return options
  },

  create: (options, block) => new Siit(options, block),
}

function readAddress(line: Line, what: 'IPV4' | 'IPV6', size: 4 | 16): Uint8Array {
  const text = line.text(what)
  const octets = toOctets(text)
  if (octets?.length !== size) throw line.problem(`${what} must be an address of IPv${what.at(-1)}: '${text}'`)
  return octets
}
