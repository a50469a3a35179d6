import { setTimeout } from 'node:timers/promises'
import type { Logger } from '../../log.ts'

/** Milliseconds between two lines that tell what the start waits for. */
const TELL = 500

/**
 * Waits until everything is known, but no longer than `patience` milliseconds, and logs that as CoreDNS does.
 * @param waiting what is still waited for
 * @param synced fulfilled when everything is known
 */
export async function untilKnown(
  waiting: () => string | undefined,
  synced: Promise<unknown>,
  patience: number,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  if (waiting() === undefined) return
  const telling = setInterval(() => log.info('waiting for Kubernetes API before starting server'), TELL)
  const enough = setTimeout(patience, undefined, { signal, ref: false }).catch(() => undefined)
  await Promise.race([synced, enough])
  clearInterval(telling)
}
