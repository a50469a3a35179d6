import { randomBytes } from 'node:crypto'
import { open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import timers from 'node:timers/promises'
import { formatDuration } from '#src/corefile/duration.ts'
import { TYPE } from '#src/dns/codes.ts'
import { MasterFile } from '#src/dns/master-file/master-file.ts'
import { octetsOf } from '#src/dns/master-file/octets.ts'
import { ROOT } from '#src/dns/name.ts'
import type { ZoneKey } from '#src/dnssec/zone-key.ts'
import type { Logger } from '#src/plugin.ts'
import { isNewer, serialOf } from '#src/zones/zone.ts'
import { ZoneFile } from '#src/zones/zone-file.ts'
import { SignedZone, type Validity } from './signed-zone.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Milliseconds between two looks at the signed file. */
const REFRESH = 5 * HOUR
/** Signatures are renewed when they began more than OLD ago, or end in less than LEFT; in milliseconds. */
const [OLD, LEFT] = [6 * DAY, 7 * DAY]
/** They are valid from BEFORE ago, as clocks differ, to AHEAD from now. Each zone adds a random part of the JITTER, so that not all are signed at once. In milliseconds. */
const [BEFORE, BEFORE_JITTER, AHEAD, AHEAD_JITTER] = [3 * HOUR, 18 * HOUR, 32 * DAY, 5 * DAY]
/** The signatures of the SOA record are looked for among this many records. */
const MAX_RECORDS = 100

/** Keeps a signed copy of a zone's master file, and renews it in time. */
export class ZoneSigner {
  readonly #origin: string
  readonly #source: string
  readonly #directory: string
  readonly #keys: readonly ZoneKey[]
  readonly #log: Logger
  readonly #before = BEFORE + Math.random() * BEFORE_JITTER
  readonly #ahead = AHEAD + Math.random() * AHEAD_JITTER

  /** @param origin as text */
  constructor(origin: string, source: string, directory: string, keys: readonly ZoneKey[], log: Logger) {
    this.#origin = origin
    this.#source = source
    this.#directory = directory
    this.#keys = keys
    this.#log = log
  }

  /** The file that it writes. */
  get path(): string {
    return join(this.#directory, `db.${this.#origin}signed`)
  }

  /** Looks at the file now, and every REFRESH until `signal` aborts. When this ends, no half-written file is left. */
  async run(signal: AbortSignal): Promise<void> {
    let looked = Date.now()
    if (!(await this.#refresh(signal)))
      this.#log.info(`Skipping signing zone "${this.#origin}" in "${this.path}": signatures are valid`)
    while (!signal.aborted) {
      await timers.setTimeout(MINUTE, undefined, { ref: false, signal }).catch(() => {})
      // By the clock, as signatures are: it may be set, and it goes on while the machine sleeps.
      const elapsed = Date.now() - looked
      if (signal.aborted || (elapsed >= 0 && elapsed < REFRESH)) continue
      looked = Date.now()
      await this.#refresh(signal)
    }
  }

  /** Signs the zone if it is time to. @returns whether it was */
  async #refresh(signal: AbortSignal): Promise<boolean> {
    const now = Date.now()
    const { why, serial: previous } = await this.#look(now)
    if (why === undefined) return false
    const name = `"${this.#origin}"`
    const tags = `with key tags "${this.#keys.map(({ dnskey }) => dnskey.tag).join()}"`
    const next = `next: ${new Date(now + REFRESH).toISOString()}`
    this.#log.info(`Signing ${name} because ${why}`)
    try {
      // Secondaries fetch only what is newer, also when the clock was ahead before.
      const serial = previous === undefined || isNewer(seconds(now), previous) ? seconds(now) : (previous + 1) >>> 0
      await this.#sign(serial, { inception: seconds(now - this.#before), expiration: seconds(now + this.#ahead) }, signal)
      const elapsed = ((Date.now() - now) / 1000).toFixed(6)
      this.#log.info(
        `Successfully signed zone ${name} in "${this.path}" ${tags} and ${serial} SOA serial, elapsed ${elapsed}, ${next}`,
      )
    } catch (error) {
      if (!signal.aborted)
        this.#log.warn(
          `Error signing ${name} ${tags} in ${formatDuration(Date.now() - now)}: ${(error as Error).message}, ${next}`,
        )
    }
    return true
  }

  /** The serial of the signed file, where there is one, and why it is time to sign; undefined if it is not. */
  async #look(now: number): Promise<{ readonly serial: number | undefined; readonly why: string | undefined }> {
    let serial: number | undefined
    let signatures = 0
    let records = 0
    let lapse: string | undefined
    try {
      await new MasterFile(this.path).read(ROOT, ({ type, data }) => {
        if (type === TYPE.SOA) serial = serialOf(data)
        if (type === TYPE.RRSIG && data.startsWith(SOA)) {
          signatures++
          lapse ??= lapseOf(Buffer.from(data, 'latin1'), now)
        }
        return ++records < MAX_RECORDS
      })
    } catch (error) {
      return { serial, why: (error as Error).message }
    }
    if (serial === undefined || signatures === 0) return { serial, why: `no SOA RRSIG found in first ${MAX_RECORDS} records` }
    return { serial, why: lapse ?? (await this.#change(serial)) }
  }

  /** Why the signed file is older than its source; undefined if it is not. */
  async #change(serial: number): Promise<string | undefined> {
    const [source, signed] = await Promise.all([stat(this.#source), stat(this.path)]).catch(() => [])
    // The serial is the time when it was signed, or a later one.
    const isOlder = source && signed && source.mtimeMs > Math.min(serial * 1000, signed.mtimeMs)
    return isOlder ? `${this.#source} was written since` : undefined
  }

  async #sign(serial: number, validity: Validity, signal: AbortSignal): Promise<void> {
    const file = new ZoneFile(this.#origin, this.#source, true, this.#log)
    await file.read()
    const temporary = join(this.#directory, `signed-${randomBytes(6).toString('hex')}`)
    try {
      await write(temporary, new SignedZone(file.answers!.zone, this.#keys, validity, serial).lines(), signal)
      await rename(temporary, this.path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  }
}

async function write(path: string, texts: AsyncIterable<string>, signal: AbortSignal): Promise<void> {
  await using file = await open(path, 'wx')
  for await (const text of texts) {
    signal.throwIfAborted()
    await file.appendFile(text)
  }
}

const SOA = octetsOf(TYPE.SOA, 2)

/** Why a signature must be renewed; undefined if it need not be. @param data of the RRSIG record (RFC 4034 §3.1) @param now in milliseconds */
function lapseOf(data: Buffer, now: number): string | undefined {
  const inception = data.readUInt32BE(12) * 1000
  const expiration = data.readUInt32BE(8) * 1000
  const at = (time: number) => new Date(time).toISOString()
  if (now < inception) return `inception "${at(inception)}" date is in the future: ${formatDuration(inception - now)}`
  if (now - inception > OLD)
    return `inception "${at(inception)}" was more than: ${formatDuration(OLD)} ago from ${at(now)}: ${formatDuration(now - inception)}`
  if (expiration - now < LEFT)
    return `expiration "${at(expiration)}" is less than: ${formatDuration(LEFT)} away from ${at(now)}: ${formatDuration(expiration - now)}`
  return undefined
}

const seconds = (time: number): number => Math.floor(time / 1000)
