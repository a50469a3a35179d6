import { randomInt } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { LONGEST_TIMER } from '../../clock.ts'
import { canonicalAddress } from '../../dns/address.ts'
import { toKey } from '../../dns/name.ts'
import type { Logger } from '../../log.ts'
import { Answers } from '../../zones/answers.ts'
import { isNewer } from '../../zones/zone.ts'
import { PrimaryConnection } from './primary.ts'
import type { Primary, SecondaryZone, ZoneListener, ZoneSource } from './secondary-zone.ts'
import { inTurn } from './turns.ts'

/** Milliseconds until a first transfer is tried again; doubled each time, up to the second; as CoreDNS. */
const RETRY = [250, 10_000] as const
/** Milliseconds up to which refreshes and retries wait longer than the SOA record says, by chance, so that secondaries do not come at once; as CoreDNS. */
const JITTER = { refresh: 5000, retry: 2000 }
/** How long behind a refresh another one waits that a primary asks for, in milliseconds: anybody can write its address on a datagram. */
const HOLD = 1000

/** A zone that this thread transfers. */
export class TransferredZone implements SecondaryZone {
  readonly source: ZoneSource
  log: Logger
  held: Answers | undefined
  readonly listeners = new Set<ZoneListener>()
  readonly caughtUp = Promise.resolve()
  readonly #key: string
  /** Whether what is held is of these primaries: only then their serials tell whether it is old. */
  #isOwn = false
  #isExpired = false
  /** When what is held was last known to be what there is, by `performance.now()`. */
  #heard = performance.now()
  #retry: number = RETRY[0]
  #timer: NodeJS.Timeout | undefined
  #expiry: NodeJS.Timeout | undefined
  #connection: PrimaryConnection | undefined
  #isBusy = false
  #isClosed = false
  /** Until when a notified zone waits before it is refreshed again. */
  #holdsUntil = 0
  /** The primary that has said that there is something new. */
  #notifier: string | undefined

  constructor(source: ZoneSource, known: Answers | undefined, log: Logger) {
    this.source = source
    this.held = known
    this.log = log
    this.#key = toKey(source.origin)
    void this.#refresh()
  }

  get origin(): string {
    return this.source.origin
  }

  get answers(): Answers | undefined {
    return this.#isExpired ? undefined : this.held
  }

  get lack(): string {
    return this.#isExpired ? 'expired' : 'not transferred yet'
  }

  notified(address: string): void {
    this.#notifier = address
    if (!this.#isBusy) this.#refreshIn(Math.max(0, this.#holdsUntil - performance.now()))
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    clearTimeout(this.#expiry)
    this.#connection?.close()
  }

  #refreshIn(milliseconds: number): void {
    clearTimeout(this.#timer)
    if (!this.#isClosed) this.#timer = setTimeout(() => this.#refresh(), Math.min(milliseconds, LONGEST_TIMER)).unref()
  }

  async #refresh(): Promise<void> {
    this.#isBusy = true
    const notifier = this.#notifier
    this.#notifier = undefined
    const wait = await this.#ask(notifier)
    this.#isBusy = false
    this.#holdsUntil = performance.now() + (notifier === undefined ? 0 : HOLD)
    this.#refreshIn(this.#notifier === undefined ? wait : HOLD)
  }

  /** Asks one primary after the other, that which has said something first, until one has answered. @returns milliseconds until the next time */
  async #ask(notifier: string | undefined): Promise<number> {
    const isFirst = ({ address }: Primary) => Number(canonicalAddress(address) === notifier)
    const failures: string[] = []
    if (notifier !== undefined) this.log.info(`Notify from ${notifier} for ${this.origin}: checking transfer`)
    for (const primary of this.source.primaries.toSorted((a, b) => isFirst(b) - isFirst(a))) {
      if (this.#isClosed) return 0
      const name = nameOf(primary)
      try {
        const fresh = await inTurn(name, () => this.#transferFrom(primary))
        if (fresh) this.log.info(`Transferred: ${this.origin} from ${name} with ${fresh.zone.serial} SOA serial`)
        else if (notifier !== undefined) this.log.info(`${this.origin} from ${name}: no SOA serial increase seen`)
        return this.#known(fresh)
      } catch (error) {
        failures.push(`${name}: ${(error as Error).message}`)
      }
    }
    return this.#unknown(failures)
  }

  /** @returns what is new; undefined where nothing is */
  async #transferFrom(primary: Primary): Promise<Answers | undefined> {
    if (this.#isClosed) throw new Error('closed')
    const connection = new PrimaryConnection(primary)
    this.#connection = connection
    try {
      const known = this.#isOwn ? this.held!.zone.serial : undefined
      if (known !== undefined && !isNewer(await connection.serial(this.#key), known)) return undefined
      const zone = await connection.zone(this.#key)
      this.source.check?.(zone)
      return new Answers(zone)
    } finally {
      connection.close()
    }
  }

  #known(fresh: Answers | undefined): number {
    clearTimeout(this.#expiry)
    this.#expiry = undefined
    this.#heard = performance.now()
    this.#retry = RETRY[0]
    const isBack = this.#isExpired
    this.#isExpired = false
    if (fresh) {
      this.held = fresh
      this.#isOwn = true
    }
    if (fresh || isBack) this.#tell()
    return this.held!.zone.timing.refresh * 1000 + randomInt(JITTER.refresh)
  }

  #unknown(failures: readonly string[]): number {
    if (this.#isClosed) return 0
    let wait = this.#retry
    if (this.#isOwn) wait = this.held!.zone.timing.retry * 1000 + randomInt(JITTER.retry)
    else this.#retry = Math.min(2 * wait, RETRY[1])
    this.log.warn(`All '${this.origin}' primaries failed to transfer, retrying in ${wait / 1000} s: ${failures.join('; ')}`)
    this.#expireLater()
    return wait
  }

  #expireLater(): void {
    if (!this.held || this.#isExpired) return
    const left = this.#heard + this.held.zone.timing.expire * 1000 - performance.now()
    // What is further off than a timer runs is looked at again with the next failure.
    if (left <= LONGEST_TIMER) this.#expiry ??= setTimeout(() => this.#expire(), Math.max(left, 0)).unref()
  }

  #expire(): void {
    this.#isExpired = true
    this.log.error(`Zone ${this.origin} is expired`)
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.listeners) listener()
  }
}

const nameOf = ({ address, port }: Primary): string => (isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`)
