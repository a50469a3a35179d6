import { denialTtl } from '#src/dns/denial.ts'
import type { Reply } from '#src/plugin.ts'
import type { Bounds, Options } from './options.ts'
import type { Verdict } from './verdict.ts'

/** For how long an empty reply, which names no time, is remembered; seconds. */
const EMPTY = 5
/** How long it is remembered that no upstream answered, in milliseconds: the least that RFC 9520 §3.2 demands, so that the upstream's return is seen at once. */
const UNREACHED = 1000

/** For how many whole seconds a reply is fresh. At 0 it is for the client that asked alone. */
export function lifetimeOf(verdict: Verdict, { sections, cause }: Reply, { success, denial, servfail }: Options): number {
  if (verdict === 'failure') return Math.floor((cause === undefined ? servfail : Math.min(servfail, UNREACHED)) / 1000)
  if (verdict === 'answer') return within(success, sections.minimumTtl!)
  if (verdict === 'empty') return within(success, EMPTY)
  const ttl = denialTtl(sections)
  return ttl === undefined ? 0 : within(denial, ttl)
}

const within = ({ minimum, maximum }: Bounds, ttl: number): number => Math.min(Math.max(ttl, minimum), maximum)
