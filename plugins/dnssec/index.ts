/** *dnssec* signs what the rest of the chain answers (RFC 4033 to RFC 4035). */
import { resolve } from 'node:path'
import { isUnder, toKey, toText } from '#src/dns/name.ts'
import { readKeyFiles } from '#src/dnssec/key-files.ts'
import type { Line, Plugin } from '#src/plugin.ts'
import { Dnssec } from './dnssec.ts'

interface Options {
  readonly zones: readonly string[]
  /** Files of keys, as written. */
  readonly files: string[]
  capacity: number
}

/** CoreDNS raises a smaller capacity to this. */
const MIN_CAPACITY = 1024
const MAX_CAPACITY = 10_000_000

export const dnssec: Plugin<Options> = {
  name: 'dnssec',

  // dnssec [ZONES...] { key file KEY...; cache_capacity CAPACITY }
  parse(directive) {
    const line = directive.once()
    const options: Options = { zones: line.zones(directive.zones), files: [], capacity: 10_000 }
    line.options({
      key: option => options.files.push(...keyFiles(option)),
      cache_capacity: option => {
        options.capacity = Math.max(MIN_CAPACITY, option.integer('CAPACITY', 0, MAX_CAPACITY))
      },
    })
    line.end()
    if (options.files.length === 0) line.warn(line.problem('without a key, nothing is signed').sentence)
    return options
  },

  create({ zones, files, capacity }, block) {
    if (files.length === 0) return {}
    const keys = files.map(file => readKeyFiles(resolve(block.root, file)))
    for (const { dnskey } of keys) {
      if (zones.some(zone => isUnder(toKey(zone), dnskey.owner))) continue
      throw new Error(`key ${toText(dnskey.owner)} (keyid: ${dnskey.tag}) can not sign any of the zones`)
    }
    return new Dnssec(zones, keys, capacity, block.server.metrics)
  },
}

function keyFiles(option: Line): string[] {
  if (option.peek() === 'aws_secretsmanager') {
    option.text('SOURCE')
    throw option.problem('aws_secretsmanager is not supported: keys are read from files')
  }
  option.oneOf('SOURCE', ['file'])
  return option.some('KEY')
}
