import { Subnet } from '#src/dns/subnet.ts'
import type { Directive } from '#src/plugin.ts'

/** What to do with a header: use it, remove it unused, end the connection, or not look for one. */
const POLICIES = ['use', 'ignore', 'reject', 'skip'] as const

export type Policy = (typeof POLICIES)[number]

export interface Options {
  /** Senders whose headers are used. */
  readonly allowed: readonly Subnet[]
  /** What to do with headers of all other senders. */
  readonly otherwise: Policy
  readonly sessions: SessionBounds | undefined
  /** Whether the vectors (TLVs) of a header are kept for *metadata*. */
  readonly vectors: boolean
}

interface SessionBounds {
  /** Milliseconds without a datagram until a session ends. */
  readonly ttl: number
  readonly most: number
}

const MOST_SESSIONS = 10_240
const LIMIT_SESSIONS = 1_000_000
/** A day, in milliseconds. */
const LONGEST = 86_400_000

/** Several uses are read as one. @throws {Problem} */
export function parse(directive: Directive): Options {
  const allowed: Subnet[] = []
  let otherwise: Policy | undefined
  let sessions: SessionBounds | undefined
  let vectors = false
  for (const line of directive.uses()) {
    line.options({
      allow: option => {
        do {
          const text = option.text('CIDR')
          const subnet = Subnet.parse(text)
          if (!subnet) throw option.problem(`CIDR must be such as 192.0.2.0/24: '${text}'`)
          allowed.push(subnet)
        } while (option.left > 0)
      },
      default: option => {
        otherwise = option.oneOf('default', POLICIES, { anyCase: true })
      },
      udp_session_tracking: option => {
        const ttl = Math.ceil(option.duration('DURATION', { max: LONGEST }))
        const most = option.left > 0 ? option.integer('MAX_SESSIONS', 1, LIMIT_SESSIONS) : MOST_SESSIONS
        sessions = ttl > 0 ? { ttl, most } : undefined
      },
      tlv_metadata: () => {
        vectors = true
      },
    })
    line.end()
  }
  return { allowed, otherwise: otherwise ?? (allowed.length > 0 ? 'ignore' : 'use'), sessions, vectors }
}
