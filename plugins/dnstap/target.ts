import type { FrameQueue } from './frame-queue.ts'

/** Where frames go to: one for all server blocks of a thread that name it, and for the Corefiles before and after a reload. */
export interface Target {
  readonly queue: FrameQueue
  /** Whether anybody is to have frames: otherwise none are made. */
  readonly isWanted: boolean
  start(): void
  /** Sends what waits, as far as that takes no longer than {@link GRACE}, and lets go of everything. */
  end(): Promise<void>
}

/** Milliseconds. */
export const GRACE = 4000

/** How soon what failed is tried again: what waits is some tenths of a second of a busy server. */
export const PACE = { backoff: [100, 2000], healthy: 1000 } as const
