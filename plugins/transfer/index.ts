/** *transfer* gives whole zones of other plugins to other servers (RFC 5936), and tells them of changes (RFC 1996). */
import { isIP } from 'node:net'
import type { Plugin } from '#src/plugin.ts'
import { type Rule, Transfer } from './transfer.ts'

export const transfer: Plugin<readonly Rule[]> = {
  name: 'transfer',

  // transfer [ZONES...] { to ADDRESS...; source ADDRESS }
  parse(directive) {
    const told = new Set<string>()
    return directive.uses().map(line => {
      const rule: Rule = { zones: line.zones(directive.zones), servers: [], everybody: false, source: undefined }
      const again = rule.zones.find(zone => told.has(zone))
      if (again !== undefined)
        line.warn(line.problem(`zone ${again} has several uses of transfer: the first one counts`).sentence)
      for (const zone of rule.zones) told.add(zone)
      line.options({
        to: option => {
          do {
            if (option.peek() === '*') {
              option.text('ADDRESS')
              rule.everybody = true
            } else rule.servers.push(option.server('ADDRESS'))
          } while (option.left > 0)
        },
        source: option => {
          const source = option.text('ADDRESS')
          if (rule.source !== undefined) throw option.problem('source already specified')
          if (isIP(source) === 0) throw option.problem(`invalid source address '${source}'`)
          rule.source = source
        },
      })
      line.end()
      if (rule.servers.length === 0 && !rule.everybody) throw line.problem("'to' is required")
      return rule
    })
  },

  create: (rules, block) => new Transfer(rules, block),
}
