/** *dns64* gives clients that speak IPv6 alone addresses for names that have IPv4 ones (RFC 6147). */

import { Subnet } from '#src/dns/subnet.ts'
import type { Line, Plugin } from '#src/plugin.ts'
import { Dns64, type Options } from './dns64.ts'

/** In octets (RFC 6052 §2.2). */
const LENGTHS = [4, 5, 6, 7, 8, 12]

export const dns64: Plugin<Options> = {
  name: 'dns64',

  parse(directive) {
    const options = { prefix: Uint8Array.of(0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0), translateAll: false, allowIpv4: false }
    for (const line of directive.uses()) {
      if (line.left > 0) options.prefix = readPrefix(line)
      line.options({
        prefix: option => {
          options.prefix = readPrefix(option)
        },
        translate_all: () => {
          options.translateAll = true
        },
        allow_ipv4: () => {
          options.allowIpv4 = true
        },
      })
      line.end()
    }
    return options
  },

  create: (options, block) => new Dns64(options, block),
}

function readPrefix(line: Line): Uint8Array<ArrayBuffer> {
  const text = line.text('PREFIX')
  const subnet = Subnet.parse(text)
  if (subnet?.octets.length !== 16) throw line.problem(`PREFIX must be an IPv6 prefix such as 64:ff9b::/96: '${text}'`)
  if (!LENGTHS.includes(subnet.bits / 8)) throw line.problem(`PREFIX must be of 32, 40, 48, 56, 64 or 96 bits: '${text}'`)
  return Uint8Array.from(subnet.octets.subarray(0, subnet.bits / 8))
}
