/** Words that CoreDNS knows, or once knew, or that are often built into it, and this server does not: what to do about them, to be told behind their place. */

const MISSING = 'a plugin of CoreDNS that this server does not have'

const DIRECTIVES: ReadonlyMap<string, string> = new Map([
  ['proxy', "use 'forward', which replaced it in CoreDNS 1.5"],
  ['alternate', "use two lines of 'forward', the first with 'next RCODE...'"],
  ['fanout', "use 'forward', which asks the next upstream when one is silent, and with 'failover RCODE...' when one fails"],
  ['federation', 'leave it out: CoreDNS 1.7 removed it'],
  ...['azure', 'clouddns', 'https3', 'nomad', 'on', 'quic', 'route53'].map(name => [name, MISSING] as const),
])

const TRANSFER = "use the plugin 'transfer', which replaced it in CoreDNS 1.8"
const NO_RELOAD = "use 'reload 0', which replaced it in CoreDNS 1.5"

const OPTIONS: ReadonlyMap<string, string> = new Map([
  ['kubernetes upstream', 'leave it out: CoreDNS 1.7 removed it'],
  ['kubernetes resyncperiod', 'leave it out: CoreDNS 1.7 removed it'],
  ['kubernetes transfer', 'leave it out: zones of a cluster are not transferred'],
  ['file transfer', TRANSFER],
  ['auto transfer', TRANSFER],
  ['file no_reload', NO_RELOAD],
  ['auto no_reload', NO_RELOAD],
])

export const adviceOnDirective = (word: string): string | undefined => DIRECTIVES.get(word)

export const adviceOnOption = (plugin: string, word: string): string | undefined => OPTIONS.get(`${plugin} ${word}`)
