import { LONGEST_TIMER } from '#src/clock.ts'
import { toKey } from '#src/dns/name.ts'
import type { Source } from '#src/feeds/feed.ts'
import { fileSource } from '#src/feeds/files/source.ts'
import { type Kubeconfig, kubernetesSource } from '#src/feeds/kubernetes/source.ts'
import type { Directive, Line } from '#src/plugin.ts'
import { isReverse } from '#src/registry/reverse.ts'
import { IstiodOptions } from './istiod-options.ts'

export interface Options {
  /** As text. */
  readonly zones: readonly string[]
  /** Each makes a source when it is told the directory that relative file names count from. */
  readonly sources: readonly ((root: string) => Source)[]
  readonly answer: 'endpoints' | 'vip'
  /** Seconds. */
  readonly ttl: number
  /** Milliseconds. */
  readonly startupTimeout: number
  /** Zones whose unknown names go to the next plugin. */
  readonly fallthrough: readonly string[]
}

const SOURCES = ['file', 'kubernetes', 'istiod'] as const

export function parseOptions(directive: Directive): Options {
  const line = directive.once()
  const hasZones = line.left > 0
  const zones = line.zones(directive.zones)
  const options = {
    // In a root block, a mesh answers for its own zone only, not for all names.
    zones: hasZones ? zones : zones.map(zone => (zone === '.' ? 'cluster.local.' : zone)),
    sources: [] as ((root: string) => Source)[],
    answer: 'endpoints' as Options['answer'],
    ttl: 5,
    startupTimeout: 5000,
    fallthrough: [] as readonly string[],
  }
  const named: Named = { istiods: [], own: false }
  line.options({
    source: option => options.sources.push(parseSource(option, named)),
    ...IstiodOptions.readers(() => named.istiods.at(-1)),
    answer: option => {
      options.answer = option.oneOf('answer', ['endpoints', 'vip'])
    },
    ttl: option => {
      options.ttl = option.integer('SECONDS', 0, 3600)
    },
    startup_timeout: option => {
      options.startupTimeout = option.duration('DURATION', { max: LONGEST_TIMER })
    },
    fallthrough: option => {
      options.fallthrough = option.zones(['.'])
    },
  })
  line.end()
  for (const istiod of named.istiods) istiod.check()
  if (options.sources.length === 0) throw line.problem('no source is named: expected a line such as `source kubernetes`')
  if (options.zones.every(zone => isReverse(toKey(zone))))
    throw line.problem('a zone that is not a reverse zone is needed, for the names of services')
  return options
}

/** What the lines before and behind one have to know of it. */
interface Named {
  /** For the options below them. */
  readonly istiods: IstiodOptions[]
  /** Whether the cluster that this process runs in is a source. */
  own: boolean
}

function parseSource(option: Line, named: Named): (root: string) => Source {
  const kind = option.oneOf('source', SOURCES)
  if (kind === 'file') {
    const paths = option.some('DIR or FILE')
    return root => fileSource(paths, root)
  }
  if (kind === 'istiod') {
    const istiod = new IstiodOptions(option)
    named.istiods.push(istiod)
    return root => istiod.source(named.own, root)
  }
  const config = option.left > 0 ? parseKubeconfig(option) : undefined
  named.own ||= config === undefined
  return root => kubernetesSource(config, root)
}

function parseKubeconfig(option: Line): Kubeconfig {
  option.oneOf('what follows source kubernetes', ['kubeconfig'])
  return { file: option.text('FILE'), context: option.left > 0 ? option.text('CONTEXT') : undefined }
}
