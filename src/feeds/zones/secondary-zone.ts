import type { Logger } from '../../log.ts'
import type { Answers } from '../../zones/answers.ts'
import type { ServedZone } from '../../zones/served-zones.ts'
import type { Zone } from '../../zones/zone.ts'

/** A server that a zone is transferred from. */
export interface Primary {
  /** An IP address, as text. */
  readonly address: string
  readonly port: number
}

/** What a zone is transferred from. */
export interface ZoneSource {
  /** Two sources with the same key are one. */
  readonly key: string
  /** As text. */
  readonly origin: string
  /** In the order in which they are asked. */
  readonly primaries: readonly Primary[]
  /** @throws what keeps a version from being accepted */
  check?(zone: Zone): void
}

/** Called when there is another version, or the zone has expired or is back. */
export type ZoneListener = () => void

/** A zone whose primaries are asked again and again for another version. What is known stays known until it expires. */
export interface SecondaryZone extends ServedZone {
  readonly source: ZoneSource
  /** Where it tells its troubles from now on. */
  log: Logger
  /** What was transferred, expired or not. */
  readonly held: Answers | undefined
  readonly listeners: Set<ZoneListener>
  /** Fulfilled when this thread has what the process already knew of the zone. */
  readonly caughtUp: Promise<void>
  /** A primary has sent a notification. @param address in the form of `Client.address` */
  notified(address: string): void
  close(): void
}
