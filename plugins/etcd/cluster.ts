import { EXTENDED_ERROR } from '#src/dns/codes.ts'
import { ordering } from '#src/forwarding/policy.ts'
import { inTurn } from '#src/grpc/in-turn.ts'
import { CallError, inGo } from '#src/grpc/status.ts'
import { LookupFailure } from './failure.ts'
import type { Member } from './member.ts'
import { type KeyValue, RANGE, readRange, readTimeToLive, TIME_TO_LIVE, writeRange, writeTimeToLive } from './messages.ts'

/** Of one range. What needs more is no question for a DNS reply, and would hold up others. */
const MOST_KEYS = 10_000
/** Of what is answered, in octets. */
const LONGEST = 8 * 1024 * 1024
/** What a member says that knows of no leader. */
const NO_LEADER = 'etcdserver: no leader'

/** The members of an etcd cluster, of which any can answer. The Corefiles before and after a reload may hold it. */
export class Cluster {
  readonly #members: readonly Member[]
  readonly #order: () => readonly Member[]
  #holders = 0

  constructor(members: readonly Member[]) {
    this.#members = members
    this.#order = ordering('round_robin', members)
  }

  /** The key, or all from it up to `end`, in their order. @param deadline by `performance.now()` @returns rejects with a LookupFailure */
  async range(key: string, end: string | undefined, deadline: number): Promise<KeyValue[]> {
    const call = { path: RANGE, message: writeRange(key, end, MOST_KEYS + 1), longest: LONGEST }
    const leaderless: Member[] = []
    const ask = async (member: Member, milliseconds: number): Promise<KeyValue[]> => {
      try {
        return readRange(await member.call({ ...call, needsLeader: true }, milliseconds))
      } catch (error) {
        if ((error as Error).message === NO_LEADER) leaderless.push(member)
        throw error
      }
    }
    try {
      const found = await inTurn(this.#order(), deadline, ask).catch(error => {
        if (leaderless.length === 0) throw error
        // Where nobody knows better, what they know will do.
        return inTurn(leaderless, deadline, async (member, milliseconds) =>
          readRange(await member.call({ ...call, needsLeader: false }, milliseconds)),
        )
      })
      if (found.length > MOST_KEYS) throw new LookupFailure(`${key}: more than ${MOST_KEYS} keys`)
      return found
    } catch (error) {
      throw error instanceof CallError ? new LookupFailure(told(error), { code: EXTENDED_ERROR.NO_REACHABLE_AUTHORITY }) : error
    }
  }

  /** Seconds that a lease lasts; 0 if it has ended. @param deadline by `performance.now()` @returns rejects with a CallError */
  timeToLive(lease: string, deadline: number): Promise<number> {
    const call = { path: TIME_TO_LIVE, message: writeTimeToLive(lease), longest: LONGEST, needsLeader: true }
    return inTurn(this.#order(), deadline, async (member, milliseconds) => readTimeToLive(await member.call(call, milliseconds)))
  }

  /** Names of the members that cannot be connected to. */
  get down(): readonly string[] {
    return this.#members.filter(({ isDown }) => isDown).map(({ name }) => name)
  }

  hold(): void {
    this.#holders++
  }

  /** The last holder closes it. */
  release(): void {
    if (--this.#holders === 0) for (const member of this.#members) member.close()
  }
}

/** As etcd's own client has it: what etcd says stands for itself. */
const told = (error: CallError): string => (error.message.startsWith('etcdserver: ') ? error.message : inGo(error))
