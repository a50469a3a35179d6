import { keyOf } from '../dns/name.ts'

/** The key of `labels` below `parent`; `parent` itself where that would be no name any more (RFC 1035 §2.3.4). */
export function keyBelow(labels: readonly string[], parent: string): string {
  const key = keyOf(labels, parent)
  return key.length > 255 ? parent : key
}
